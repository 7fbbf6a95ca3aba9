"use strict";
// The box in which nodes are searched, and the list of those found.

import {network, nodes, shapes} from "./tree.js";
import {TEXTS, canvas, element, find, mark, marked, reveal} from "./viewer.js";

const found = find("found");
export const box = find("search");

const wordsOf = () => [...nodes.values()].filter(node => node.kind !== "repeat" && node !== network).map(node => ({
  id: node.id,
  label: [node.path || node.name, node.type].filter(Boolean).join("  "),
  text: [node.path, node.name, node.type, node.call, shapes(node.outputs), ...(node.problems || []).map(each => each.code)].join(" ").toLowerCase(),
}));

export function search() {
  const parts = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = parts.length ? wordsOf().filter(({text}) => parts.every(part => text.includes(part))) : [];
  marked.hits = matching.map(({id}) => id);
  marked.hit = -1;
  found.replaceChildren(...matching.slice(0, 200).map(({id, label}) => {
    const line = element("li", label);
    line.setAttribute("role", "option");
    line.addEventListener("pointerdown", event => { event.preventDefault(); goTo(marked.hits.indexOf(id)); });
    return line;
  }));
  if (parts.length && !matching.length) found.replaceChildren(element("li", TEXTS.nothing, "soft"));
  found.hidden = !parts.length;
  mark();
}

function goTo(index) {
  const {hits} = marked;
  if (!hits.length) return;
  const hit = marked.hit = (index + hits.length) % hits.length;
  [...found.children].forEach((line, at) => line.classList.toggle("chosen", at === hit));
  if (found.children[hit]) found.children[hit].scrollIntoView({block: "nearest"});
  reveal(hits[hit]);
}

box.addEventListener("input", search);
box.addEventListener("focus", () => { found.hidden = !box.value.trim(); });
box.addEventListener("blur", () => { found.hidden = true; });
box.addEventListener("keydown", event => {
  if (event.key === "ArrowDown" || event.key === "Enter") goTo(marked.hit + 1);
  else if (event.key === "ArrowUp") goTo(marked.hit - 1);
  else if (event.key === "Escape") { box.value = ""; search(); canvas.focus(); }
  else return;
  event.preventDefault();
});
