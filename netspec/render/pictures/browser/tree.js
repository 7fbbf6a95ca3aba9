"use strict";
// The network's tree, and what is shown of it: which boxes are open, and one copy of each repeat unless all are wanted.
// The same rules as in view.py.

export let network = null;
export const nodes = new Map(); // by id
export const parents = new Map(); // the box around each, by id
export const state = {open: new Set(), all: new Set()}; // ids of open boxes, and of repeats whose copies are all shown

// Takes the tree of a network, and the ids of the boxes that are open.
export function setNetwork(tree, open) {
  network = tree;
  nodes.clear();
  parents.clear();
  state.open = new Set(open);
  state.all.clear();
  (function visit(node, parent) {
    nodes.set(node.id, node);
    if (parent) parents.set(node.id, parent);
    for (const child of node.nodes || []) visit(child, node);
  })(network, null);
}

export const isBox = node => node.nodes !== undefined;
const timesOf = node => node.period ? node.nodes.length / node.period : 1;

// A node as it is shown: {node, whole, times, children, lines}; children is empty where it is closed.
export function viewOf(node) {
  if (node.kind === "repeat") {
    if (state.all.has(node.id)) return opened(node, node.nodes, 1);
    if (node.period > 1) return opened(node, node.nodes.slice(0, node.period), timesOf(node));
    const first = viewOf(node.nodes[0]);
    return {...first, whole: node, times: first.times * timesOf(node)};
  }
  if (!isBox(node) || !node.nodes.length || !state.open.has(node.id))
    return {node, whole: node, times: 1, children: [], lines: []};
  return opened(node, node.nodes, 1);
}

function opened(box, inside, times) {
  const places = new Map([[box.id, null], ...inside.map((node, index) => [node.id, index])]);
  const last = box.nodes[box.nodes.length - 1].id;
  const lines = [];
  for (const edge of box.edges) {
    const leaves = edge.target === box.id && box.period && edge.source === last; // shown at the last copy that is
    if (!places.has(edge.target) || (!leaves && !places.has(edge.source))) continue;
    const target = places.get(edge.target);
    lines.push({
      source: leaves ? inside.length - 1 : places.get(edge.source), exit: edge.output || 0,
      target, entry: target === null ? edge.input : entryOf(inside[target], edge), values: edge.values,
    });
  }
  return {node: box, whole: box, times, children: inside.map(viewOf), lines};
}

// Which input of a shown node an edge arrives at: of a repeat, that of its first copy.
function entryOf(node, edge) {
  let entry = edge.input;
  while (node.kind === "repeat" && node.period === 1 && !state.all.has(node.id)) {
    const first = node.nodes[0];
    const inside = node.edges.find(
      each => each.source === node.id && each.output === entry && each.target === first.id);
    entry = inside ? inside.input : 0;
    node = first;
  }
  return entry;
}

function everyNode(node) {
  return [node, ...(node.nodes || []).flatMap(everyNode)];
}

export function problemsOf(view) {
  const {whole} = view, open = view.children.length > 0;
  const hidden = !open ? [whole] : whole.period && !state.all.has(whole.id) ? whole.nodes.slice(whole.period) : [];
  const own = open ? view.node.problems || [] : [];
  return [...own, ...hidden.flatMap(everyNode).flatMap(node => node.problems || [])];
}

// -- words, as in words.py ---------------------------------------------------------------------------------------------

function shape(value) {
  if (value === null) return "?";
  const sizes = value.shape.length ? value.shape.join("×") : "scalar";
  return value.dtype === "float32" ? sizes : `${value.dtype} ${sizes}`;
}

export const shapes = values => values.map(shape).join(", ");
const short = (text, longest = 44) => text.length > longest ? text.slice(0, longest - 1) + "…" : text;
const numbered = name => /^\d*$/.test(name);

function count(number) {
  if (number === null || number === undefined) return "?";
  if (number < 10000) return number.toLocaleString("en-US");
  for (const [unit, scale] of [["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3]])
    if (number >= 0.9995 * scale) {
      const value = number / scale;
      return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + unit;
    }
}

export function costs(node) {
  const parts = [];
  if (node.params === null && node.macs === null) return "";
  if (node.params !== 0) parts.push(`${count(node.params)} params`);
  if (node.macs !== 0) parts.push(`${count(node.macs)} MACs`);
  return parts.join(" · ");
}

function called(view) {
  const node = view.node, type = node.type || "";
  if (node.kind === "layer" || node.kind === "function") return [type, node.call ? `(${short(node.call)})` : ""];
  if (node.kind === "output") return [numbered(node.name) ? "output" : short(node.name), type && ` ${type}`];
  if (node.kind === "repeat" || (type && (numbered(node.name) || view.times > 1))) return [type, ""];
  return [short(node.name), type];
}

function namesOf(view) {
  const {node, whole} = view;
  if (whole.kind === "repeat" && whole.period === 1 && !numbered(node.name))
    return `${short(node.name)} … ${short(whole.nodes[whole.nodes.length - 1].name)}`;
  return (node.kind === "layer" || node.kind === "function") && !numbered(node.name) ? short(node.name) : "";
}

// The rows of a node: [[text, style], …] each, and the severity of a problem.
export function rowsOf(view) {
  const [bold, plain] = called(view);
  const runs = [];
  if (bold) runs.push([bold, "bold"]);
  if (plain) runs.push([isBox(view.node) ? ` ${plain}` : plain, "plain"]);
  if (view.times > 1) runs.push([(runs.length ? " " : "") + `×${view.times}`, "times"]);
  const small = [namesOf(view), costs(view.whole)].filter(Boolean).join(" · ");
  const rows = [{runs}];
  if (view.children.length) runs.push([`   ${small}`, "small"]);
  else if (small && view.node.kind !== "input" && view.node.kind !== "output") rows.push({runs: [[small, "small"]]});
  const order = ["error", "warning", "note"];
  const problems = [...problemsOf(view)].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  for (const each of problems.slice(0, 3))
    rows.push({runs: [[`${each.code} ${short(each.message, 60)}`, "problem"]], severity: each.severity});
  if (problems.length > 3) rows.push({runs: [[`and ${problems.length - 3} more`, "problem"]], severity: problems[3].severity});
  return rows;
}
