"use strict";
// Acts as a reader of the page does, and tells what is on it then.

const refused = [];
document.addEventListener("securitypolicyviolation", event => refused.push(event.blockedURI));
const key = (name, target = document.body) =>
  target.dispatchEvent(new KeyboardEvent("keydown", {key: name, bubbles: true, cancelable: true}));
const overlaps = (a, b) =>
  a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom - 0.5 && b.top < a.bottom - 0.5;
const holds = (a, b) =>
  b.left > a.left - 1 && b.right < a.right + 1 && b.top > a.top - 1 && b.bottom < a.bottom + 1;
const area = group => group.querySelector(":scope > .shape:not(.shadow)").getBoundingClientRect();

function faults() {
  const found = [], all = [...document.querySelectorAll("#canvas g.node")];
  for (const group of all) {
    const own = area(group), parent = group.parentNode.closest("g.node"), name = group.id;
    for (const other of group.parentNode.querySelectorAll(":scope > g.node"))
      if (other !== group && overlaps(own, area(other))) found.push(`${name} overlaps ${other.id}`);
    if (parent && !holds(area(parent), own)) found.push(`${name} sticks out of ${parent.id}`);
    for (const text of group.querySelectorAll(":scope > text")) {
      const words = text.getBoundingClientRect();
      if (words.left < own.left - 1 || words.right > own.right + 1) found.push(`words of ${name}`);
    }
  }
  for (const line of document.querySelectorAll("#canvas path.line")) {
    const box = line.parentNode, nodes = [...box.querySelectorAll(":scope > g.node")];
    const matrix = line.getScreenCTM(), long = line.getTotalLength();
    for (let step = 1; step < 60; step++) {
      const point = line.getPointAtLength(long * step / 60).matrixTransform(matrix);
      for (const each of nodes) {
        const rect = area(each);
        if (point.x > rect.left + 1 && point.x < rect.right - 1 && point.y > rect.top + 1 && point.y < rect.bottom - 1)
          found.push(`a line passes ${each.id}`);
      }
    }
  }
  return [...new Set(found)];
}

const shown = () => [...document.querySelectorAll("#canvas g.node")].map(group => Number(group.dataset.id));
const told = {first: shown(), faults: faults()};
key("e");
told.unfolded = shown();
told.faults_unfolded = faults();
for (const node of nodes.values()) if (node.kind === "repeat") state.all.add(node.id);
redraw();
told.copies = shown();
told.faults_copies = faults();
key("c");
told.folded = shown();
told.faults_folded = faults();
const folder = document.querySelector("#canvas g.node[aria-expanded=false]");
if (folder) {
  const point = {bubbles: true, pointerId: 1, clientX: 5, clientY: 5};
  folder.querySelector(".shape").dispatchEvent(new PointerEvent("pointerdown", point));
  folder.querySelector(".shape").dispatchEvent(new PointerEvent("pointerup", point));
}
told.clicked = shown();
key("Escape");
key("ArrowDown");
told.chosen = document.querySelector("#canvas g.chosen").dataset.id;
document.getElementById("search").value = "linear";
document.getElementById("search").dispatchEvent(new Event("input"));
told.hits = [...document.querySelectorAll("#found li")].map(line => line.textContent);
key("Enter", document.getElementById("search"));
told.details = document.getElementById("details").innerText;
const before = document.querySelector("#canvas .world").getAttribute("transform");
key("+");
told.zoomed = before !== document.querySelector("#canvas .world").getAttribute("transform");
key("t");
told.theme = document.documentElement.dataset.theme;
key("n");
told.problem = document.getElementById("problems").hidden ? "" : document.getElementById("details").innerText;
told.requests = performance.getEntriesByType("resource").map(entry => entry.name);
told.refused = refused;
document.getElementById("probe").textContent = JSON.stringify(told);
