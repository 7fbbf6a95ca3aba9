"use strict";
// Rectangles and lines at their places → SVG. Texts only ever become text nodes.

import {BESIDE, SHADOW, SIDE, content} from "./layout.js";
import {network, problemsOf, shapes, state, viewOf} from "./tree.js";

const NAMESPACE = "http://www.w3.org/2000/svg";
const ARROW = 5;
export const drawn = new Map(); // by id of the node that is shown: its element, view, and rectangle in the whole picture

export function svgElement(name, attributes = {}, text = null) {
  const found = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
  if (text !== null) found.textContent = text;
  return found;
}

// What was drawn is taken again where it looks the same: while a text is edited, most of a picture does.
let before = new Map(), now = new Map();

function again(look, make) {
  const found = (before.get(look) || []).shift() || make();
  if (!now.has(look)) now.set(look, []);
  now.get(look).push(found);
  return found;
}

// Fills an element from `at` on, its first child that may go: what stands in its place is not touched, which is quicker.
function fill(parent, at, elements) {
  for (const element of elements) {
    if (at && at !== element && at.nextSibling === element) {
      at.remove();
      at = element;
    }
    if (at === element) at = at.nextSibling;
    else parent.insertBefore(element, at);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function curve(points) {
  let [x, y] = points[0], found = `M${x} ${y}`;
  for (const [toX, toY] of points.slice(1)) {
    const middle = (y + toY) / 2;
    found += Math.abs(toX - x) < 0.5 ? `L${toX} ${toY}` : `C${x} ${middle} ${toX} ${middle} ${toX} ${toY}`;
    [x, y] = [toX, toY];
  }
  return found;
}

function elementOf(route) {
  const d = curve(route.points), told = shapes(route.line.values), ends = route.line.target !== null;
  return again(`${d} ${told} ${route.label} ${ends}`, () => routeElement(route, d, told));
}

function routeElement(route, d, told) {
  const group = svgElement("g");
  const line = svgElement("path", {class: "line", d});
  line.append(svgElement("title", {}, told));
  group.append(line);
  if (route.line.target !== null) {
    const [x, y] = route.points[route.points.length - 1];
    group.append(svgElement("path", {class: "arrow", d: `M${x} ${y}l${-ARROW / 2} ${-ARROW}h${ARROW}z`}));
  }
  if (route.label) {
    const [x, y] = route.points[0];
    group.append(svgElement("text", {class: "label", x: x + BESIDE, y: y + 11}, route.label));
  }
  return group;
}

function drawWords(group, placed, open) {
  for (const row of placed.words) {
    const middle = placed.width / 2 + (placed.toggle && row === placed.words[0] && !open ? placed.toggle / 2 : 0);
    const x = open ? SIDE + placed.toggle : middle;
    const text = svgElement("text", {class: row.severity || "", x, y: row.y, "text-anchor": open ? "start" : "middle"});
    for (const [run, style] of row.runs) text.append(svgElement("tspan", {class: style}, run));
    group.append(text);
  }
}

function rect(placed, kind, shift = 0, more = {}) {
  const round = ["input", "output", "function"].includes(placed.view.node.kind) ? Math.min(placed.height / 2, 13) : 6;
  return svgElement("rect", {class: kind, x: shift, y: shift, width: placed.width, height: placed.height, rx: round, ...more});
}

function nodeOf(placed, level, x, y, most) {
  const {node, children} = placed.view;
  const group = again(lookOf(placed, level, most), () => nodeElement(placed, level, most));
  group.id = `n${node.id}`;
  group.dataset.id = node.id;
  group.setAttribute("transform", `translate(${placed.x} ${placed.y})`);
  drawn.set(node.id, {group, view: placed.view, placed, x: x + placed.x, y: y + placed.y});
  if (children.length) drawInside(group, placed, level + 1, x + placed.x, y + placed.y, most);
  return group;
}

function lookOf({view, width, height, header, shadows, toggle, words}, level, most) {
  const {node, whole} = view;
  const costs = [whole.params && most.params && whole.params / most.params, whole.macs && most.macs && whole.macs / most.macs];
  return JSON.stringify([node.kind, view.children.length > 0, level, width, height, header, shadows, toggle, words, costs, worstOf(view)]);
}

function worstOf(view) {
  const severities = problemsOf(view).map(each => each.severity);
  return ["error", "warning"].find(each => severities.includes(each)) || "";
}

// The element of a node without what is in it; its place and its id are set each time.
function nodeElement(placed, level, most) {
  const {view} = placed, {node, whole} = view, open = view.children.length > 0;
  const group = svgElement("g", {
    class: `node ${node.kind} ${open ? "open" : "closed"} ${worstOf(view)}`, role: "treeitem", "aria-level": level,
    "aria-label": placed.words.map(row => row.runs.map(([text]) => text).join("")).join(", "),
  });
  if (placed.toggle) group.setAttribute("aria-expanded", open);
  for (let copy = placed.shadows; copy > 0; copy--) group.append(rect(placed, "shape shadow", copy * SHADOW));
  group.append(rect(placed, "shape"));
  if (open) group.append(svgElement("rect", {class: "head", width: placed.width, height: placed.header}));
  if (!open && whole.params && most.params)
    group.append(rect(placed, "params", 0, {"fill-opacity": 0.06 + 0.4 * Math.sqrt(whole.params / most.params)}));
  if (!open && whole.macs && most.macs) {
    const width = Math.max(1, (placed.width - 12) * whole.macs / most.macs);
    group.append(svgElement("rect", {class: "macs", x: 6, y: placed.height - 4.5, width, height: 2.5, rx: 1}));
  }
  if (placed.toggle) group.append(svgElement("text", {class: "toggle", x: 7, y: open ? 15 : 16}, open ? "▾" : "▸"));
  drawWords(group, placed, open);
  lastOwn.set(group, group.lastChild);
  return group;
}

const lastOwn = new WeakMap(); // by element of a node: the last of its elements that is no part of what is in it

function drawInside(group, placed, level, x, y, most) {
  const inside = [...placed.routes.map(elementOf), ...placed.children.map(each => nodeOf(each, level, x, y, most))];
  const last = lastOwn.get(group);
  fill(group, last ? last.nextSibling : group.firstChild, inside);
}

function allViews(view) {
  return [view, ...view.children.flatMap(allViews)];
}

// Lays out what is shown and draws it into an element; returns the size of the picture.
export function draw(world) {
  state.open.add(network.id);
  const view = viewOf(network);
  const closed = allViews(view).filter(each => !each.children.length).map(each => each.whole);
  const greatest = key => closed.reduce((most, node) => Math.max(most, node[key] || 0), 0);
  drawn.clear();
  [before, now] = [now, new Map()];
  const placed = content(view, 0);
  drawInside(world, placed, 1, 0, 0, {params: greatest("params"), macs: greatest("macs")});
  return placed;
}
