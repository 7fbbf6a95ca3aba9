"use strict";
// What is shown of the picture: its place and size on the screen, the chosen node, what is folded, a node's card.

import {draw, drawn, svgElement} from "./draw.js";
import {isBox, network, nodes, parents, shapes, state} from "./tree.js";

export const find = id => document.getElementById(id);
export const canvas = find("canvas");
export const details = find("details");
const tip = find("tip");
const svg = svgElement("svg", {class: "netspec", role: "group"}), world = svgElement("g", {class: "world"});
svg.append(world);
canvas.append(svg);

export let view = {x: 0, y: 0, scale: 1};
let size = {width: 1, height: 1};
export const marked = {chosen: null, hits: [], hit: -1, problem: -1, lit: new Set()}; // ids, and indices of where one is

// What a card says, and what else happens when a node is chosen; another page may change both.
export const TEXTS = {
  takes: "takes", gives: "gives", parameters: "parameters", MACs: "MACs", unknown: "unknown", weights: "weights",
  shared: "of an earlier layer", spec: "spec", line: "line", repeat: "repeat", nothing: "nothing found",
};
export const hooks = {chosen: id => id, click: (id, target) => false};

export function move(next) {
  view = {...next, scale: Math.min(6, Math.max(0.02, next.scale))};
  world.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
}

export function fit() {
  const {clientWidth: width, clientHeight: height} = canvas;
  const scale = Math.min(1.25, (width - 40) / size.width, (height - 40) / size.height);
  const readable = Math.max(scale, Math.min(0.7, (width - 40) / size.width)); // a long network is read from its top
  const shown = fit.whole ? scale : readable;
  move({scale: shown, x: (width - size.width * shown) / 2, y: Math.max(20, (height - size.height * shown) / 2)});
  fit.whole = !fit.whole;
}

export function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
  const scale = Math.min(6, Math.max(0.02, view.scale * factor)), by = scale / view.scale;
  move({scale, x: x - (x - view.x) * by, y: y - (y - view.y) * by});
}

// Draws anew; the node with the id `still` stays where it is on the screen.
export function redraw(still = null) {
  const before = drawn.get(still);
  size = draw(world);
  const after = drawn.get(still);
  if (before && after) {
    const dx = (before.x + before.placed.width / 2) - (after.x + after.placed.width / 2);
    move({...view, x: view.x + dx * view.scale, y: view.y + (before.y - after.y) * view.scale});
  }
  mark();
}

let withMarks = []; // elements

export function mark() {
  for (const group of withMarks) group.classList.remove("chosen", "hit", "lit");
  withMarks = [];
  for (const [name, ids] of [["chosen", [marked.chosen]], ["hit", marked.hits], ["lit", marked.lit]])
    for (const id of ids) {
      const shown = drawn.get(id);
      if (!shown) continue;
      shown.group.classList.add(name);
      withMarks.push(shown.group);
    }
  canvas.setAttribute("aria-activedescendant", drawn.has(marked.chosen) ? `n${marked.chosen}` : "");
}

// Lights some nodes, as those of a line of the spec.
export function light(ids) {
  marked.lit = ids;
  mark();
}

// -- fold and unfold -----------------------------------------------------------------------------------------------

export function toggle(id) {
  const shown = drawn.get(id);
  if (!shown || !shown.placed.toggle) return;
  const {node} = shown.view;
  if (state.all.delete(node.id)) return redraw(id); // a repeat folds back to one copy
  if (node.kind === "repeat") return copies(id);
  if (!state.open.delete(node.id)) state.open.add(node.id);
  redraw(id);
}

// All copies of a repeat, or one.
export function copies(id) {
  let node = nodes.get(id);
  while (node && node.kind !== "repeat") node = parents.get(node.id);
  if (!node) return;
  if (!state.all.delete(node.id)) state.all.add(node.id);
  redraw();
  choose(drawn.has(node.id) ? node.id : node.nodes[0].id, true);
}

export function foldAll(open) {
  state.all.clear();
  state.open = new Set(open ? [...nodes.values()].filter(node => isBox(node) && node.kind !== "repeat").map(node => node.id) : []);
  redraw();
  fit.whole = false;
  fit();
}

// Opens everything around a node, and shows the copy that it is in.
export function reveal(id) {
  for (let inner = nodes.get(id), outer = parents.get(id); outer; inner = outer, outer = parents.get(outer.id)) {
    if (outer.kind !== "repeat") state.open.add(outer.id);
    else if (outer.nodes.indexOf(inner) >= outer.period) state.all.add(outer.id);
  }
  redraw();
  choose(id, true);
}

// Whether a node that is drawn can be seen.
export function visible(id) {
  const {x, y, placed} = drawn.get(id), left = view.x + x * view.scale, top = view.y + y * view.scale;
  const right = left + placed.width * view.scale, height = Math.min(placed.height, 40) * view.scale;
  return right > 0 && left < canvas.clientWidth && top > 0 && top + height < canvas.clientHeight;
}

export function center(id) {
  const {x, y, placed} = drawn.get(id), {clientWidth: width, clientHeight: height} = canvas;
  const scale = Math.max(view.scale, 0.6);
  move({scale, x: width / 2 - (x + placed.width / 2) * scale, y: height / 2 - (y + Math.min(placed.height, height / scale) / 2) * scale});
}

export function choose(id, moves = false) {
  marked.chosen = id;
  const shown = drawn.get(id);
  details.hidden = !shown;
  if (shown) {
    details.replaceChildren(card(shown.view));
    if (moves) center(id);
  }
  mark();
  hooks.chosen(id);
}

// -- what is known of a node ---------------------------------------------------------------------------------------

export function element(name, text = "", kind = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

export function card({node, whole, times}) {
  const made = element("div", "", "card"), table = element("table");
  const row = (key, value) => {
    const line = element("tr");
    line.append(element("td", key), element("td", value));
    table.append(line);
  };
  made.append(element("h2", [node.type || node.name || TEXTS.repeat, times > 1 ? `×${times}` : ""].join(" ").trim()));
  if (node.path) made.append(element("div", node.path, "path"));
  for (const [key, value] of Object.entries(node.arguments || {})) row(key, value);
  const taken = (parents.get(node.id) || {edges: []}).edges.filter(edge => edge.target === node.id);
  if (taken.length) row(TEXTS.takes, taken.map(edge => shapes(edge.values)).join("; "));
  if (node.outputs.length) row(TEXTS.gives, shapes(node.outputs));
  const number = value => value === null ? TEXTS.unknown : value.toLocaleString("en-US");
  if (!["input", "output"].includes(node.kind)) {
    row(TEXTS.parameters, number(whole.params));
    row(TEXTS.MACs, number(whole.macs));
  }
  if (node.shared) row(TEXTS.weights, TEXTS.shared);
  if (node.line) row(TEXTS.spec, `${node.file}:${node.line}`);
  made.append(table);
  for (const each of node.problems || [])
    made.append(element("p", `${each.severity}[${each.code}] ${TEXTS.line} ${each.line}: ${each.message}`, `problem ${each.severity}`));
  return made;
}

export function showTip(id, x, y) {
  tip.hidden = id === null || !drawn.has(id) || (id === marked.chosen && !details.hidden);
  if (tip.hidden) return;
  if (tip.dataset.id !== String(id)) {
    tip.replaceChildren(card(drawn.get(id).view));
    tip.dataset.id = id;
  }
  const left = x + 18 + tip.offsetWidth > canvas.clientWidth ? x - tip.offsetWidth - 12 : x + 18;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, Math.min(y + 18, canvas.clientHeight - tip.offsetHeight - 4))}px`;
}

export const idAt = target => {
  const group = target.closest && target.closest("g.node");
  return group ? Number(group.dataset.id) : null;
};
