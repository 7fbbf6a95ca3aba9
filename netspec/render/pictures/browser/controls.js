"use strict";
// What the reader does by pointer and by keyboard.

import {drawn} from "./draw.js";
import {box} from "./search.js";
import {network, nodes, parents} from "./tree.js";
import {
  canvas, card, choose, copies, details, fit, foldAll, hooks, idAt, marked, move, reveal, showTip, toggle, view, zoom,
} from "./viewer.js";

// -- pointer ---------------------------------------------------------------------------------------------------------

const pointers = new Map();
let pressed = null;

function local(event) {
  const {left, top} = canvas.getBoundingClientRect();
  return [event.clientX - left, event.clientY - top];
}

canvas.addEventListener("wheel", event => {
  event.preventDefault();
  const unit = event.deltaMode === 1 ? 16 : 1;
  zoom(Math.exp(-event.deltaY * unit * 0.0015), ...local(event));
}, {passive: false});

canvas.addEventListener("pointerdown", event => {
  pointers.set(event.pointerId, local(event));
  pressed = {at: local(event), target: event.target, moved: false};
});

addEventListener("pointermove", event => {
  const before = pointers.get(event.pointerId), now = local(event);
  if (!before) {
    showTip(canvas.contains(event.target) ? idAt(event.target) : null, ...now);
    return;
  }
  if (pointers.size === 1) {
    if (!pressed.moved && Math.hypot(now[0] - pressed.at[0], now[1] - pressed.at[1]) < 4) return;
    pressed.moved = true;
    canvas.classList.add("moving");
    showTip(null);
    move({...view, x: view.x + now[0] - before[0], y: view.y + now[1] - before[1]});
  } else {
    const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
    pressed.moved = true;
    const apart = point => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
    zoom(apart(now) / apart(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
  }
  pointers.set(event.pointerId, now);
});

for (const end of ["pointerup", "pointercancel"])
  addEventListener(end, event => {
    if (pointers.delete(event.pointerId) && end === "pointerup" && !pressed.moved) click(pressed.target);
    canvas.classList.remove("moving");
  });

function click(target) {
  const id = idAt(target);
  choose(id);
  if (id === null || hooks.click(id, target)) return;
  if (target.classList.contains("times")) return copies(id);
  const shown = drawn.get(id);
  const onHeader = target.classList.contains("head") || !shown.view.children.length;
  if (shown.placed.toggle && onHeader) toggle(id);
}

// -- keyboard --------------------------------------------------------------------------------------------------------

function step(by) {
  const order = [...drawn.keys()], at = order.indexOf(marked.chosen);
  choose(order[at < 0 ? 0 : Math.min(order.length - 1, Math.max(0, at + by))], true);
}

function inward() {
  const shown = drawn.get(marked.chosen);
  if (!shown) return step(1);
  if (shown.view.children.length) choose(shown.view.children[0].node.id, true);
  else toggle(marked.chosen);
}

function outward() {
  const shown = drawn.get(marked.chosen);
  if (!shown) return;
  if (shown.view.children.length && shown.view.node.kind !== "repeat") return toggle(marked.chosen);
  let outer = parents.get(shown.whole ? shown.whole.id : marked.chosen);
  while (outer && !drawn.has(outer.id)) outer = parents.get(outer.id);
  if (outer) choose(outer.id, true);
}

export const wrongNodes = () => [...nodes.values()].filter(node => (node.problems || []).length);

export function nextProblem() {
  const wrong = wrongNodes();
  if (!wrong.length) return;
  marked.problem = (marked.problem + 1) % wrong.length;
  const {id} = wrong[marked.problem];
  if (id === network.id) {
    details.hidden = false;
    details.replaceChildren(card({node: network, whole: network, times: 1}));
  } else reveal(id);
}

const fold = () => drawn.has(marked.chosen) && toggle(marked.chosen);

export const KEYS = {
  ArrowDown: () => step(1), ArrowUp: () => step(-1), ArrowRight: inward, ArrowLeft: outward, Enter: fold, " ": fold,
  x: () => copies(marked.chosen), e: () => foldAll(true), c: () => foldAll(false),
  "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: fit, "/": () => box.focus(), n: nextProblem,
  Escape: () => choose(null),
};

export function onKey(event) {
  if (event.target === box || event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
  if (event.target.closest("button") && (event.key === "Enter" || event.key === " ")) return;
  event.preventDefault();
  KEYS[event.key]();
}
