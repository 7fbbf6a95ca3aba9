"use strict";
// A view → rectangles and lines at their places. Each box is laid out by dagre, from the inside out, and is then one
// node of the box around it.

import dagre from "./dagre.min.js";
import {isBox, rowsOf, shapes} from "./tree.js";

const SIZES = {bold: 12, plain: 12, times: 12, small: 10, problem: 10};
const PAD = 12, LABEL = 13;
export const SHADOW = 4, BESIDE = 5, SIDE = 10;
const MOST_EXTRA = 100; // of a cell's width, to centre it on its entry
const MOST_CELLS = 1500; // of a box that dagre lays out; more would exhaust its stack
const MOST_ARRANGED = 500; // boxes whose layout is remembered
const MOST_SIMPLEX = 300; // nodes of a box beyond which dagre ranks them by the longest path, which is quicker

const pen = document.createElement("canvas").getContext("2d");
const family = getComputedStyle(document.body).fontFamily;
const widths = new Map();

function textWidth(text, style) {
  const key = style + text;
  if (!widths.has(key)) {
    pen.font = `${style === "bold" || style === "times" ? "700 " : ""}${SIZES[style]}px ${family}`;
    widths.set(key, pen.measureText(text).width);
  }
  return widths.get(key);
}

const rowWidth = row => row.runs.reduce((sum, [text, style]) => sum + textWidth(text, style), 0);
const reach = label => BESIDE + textWidth(label, "small") + 4;
const orderOf = name => name[0] === "i" ? -1 : name[0] === "o" ? Number.MAX_VALUE : Number(name.slice(1));
const port = (ports, index) => ports[Math.min(index, ports.length - 1)];

function place(view, labels, exits) {
  const rows = rowsOf(view), open = view.children.length > 0;
  const toggle = isBox(view.node) && view.node.nodes.length ? 14 : 0;
  let width = Math.max(...rows.map(rowWidth)) + 2 * SIDE + toggle, y = open ? 22 : 24;
  const words = [{...rows[0], y: open ? 15 : 16}];
  for (const row of rows.slice(1)) {
    words.push({...row, y: row.severity ? y + 8 : 31});
    y = row.severity ? y + 14 : 40;
  }
  if (rows[rows.length - 1].severity) y += 3;
  const shadows = Math.min(view.times - 1, 2);
  if (open) {
    const box = content(view, y);
    const wide = Math.max(width, box.width + 2 * PAD), dx = (wide - box.width) / 2;
    for (const child of box.children) child.x += dx;
    for (const route of box.routes) route.points = route.points.map(([x, y]) => [x + dx, y]);
    const move = ends => ends.length ? ends.map(x => x + dx) : [wide / 2];
    return {...box, view, words, shadows, toggle, header: y, width: wide, entries: move(box.entries), exits: move(box.exits)};
  }
  width = Math.max(width, (exits + 1) * Math.max(0, ...[...labels.values()].map(reach)));
  const ends = Array.from({length: exits}, (_, index) => width * (index + 1) / (exits + 1));
  return {view, words, shadows, toggle, width, height: y, children: [], routes: [], entries: [width / 2], exits: ends};
}

// The shapes below each node of a box, by its outputs; not those that a layer passes on as they are.
function labelsOf(view) {
  const labels = view.children.map(() => new Map()), arriving = view.children.map(() => new Set());
  for (const line of view.lines) if (line.target !== null) arriving[line.target].add(shapes(line.values));
  for (const line of view.lines) {
    if (line.source === null || line.target === null) continue;
    const child = view.children[line.source], text = shapes(line.values), before = arriving[line.source];
    const same = before.size === 1 && before.has(text);
    if ((isBox(child.node) || child.times > 1 || !same) && !labels[line.source].has(line.exit))
      labels[line.source].set(line.exit, text);
  }
  return labels;
}

export function content(view, top) {
  const labels = labelsOf(view);
  const children = view.children.map((child, index) => {
    const exits = view.lines.filter(line => line.source === index).map(line => line.exit);
    return place(child, labels[index], Math.max(0, ...exits) + 1);
  });
  const graph = new dagre.graphlib.Graph({multigraph: true});
  const ranker = children.length > MOST_SIMPLEX ? "longest-path" : "network-simplex";
  graph.setGraph({rankdir: "TB", rankalign: "top", nodesep: 18, edgesep: 12, ranksep: rankGap(view), ranker});
  children.forEach((child, index) => {
    const behind = child.shadows * SHADOW;
    const wide = Math.max(child.width + behind, ...[...labels[index]].map(([k, text]) => port(child.exits, k) + reach(text)));
    const extra = wide - 2 * child.entries[0]; // dagre centres a cell on its lines, and they arrive at the entry
    child.shift = Math.abs(extra) > MOST_EXTRA ? 0 : Math.max(0, extra);
    const width = Math.abs(extra) > MOST_EXTRA ? wide : wide + Math.abs(extra);
    graph.setNode(`n${index}`, {width, height: child.height + behind + (labels[index].size ? LABEL : 0)});
  });
  const given = [...new Set(view.lines.filter(line => line.source === null).map(line => line.exit))].sort((a, b) => a - b);
  const taken = [...new Set(view.lines.filter(line => line.target === null).map(line => line.entry))].sort((a, b) => a - b);
  for (const k of given) graph.setNode(`i${k}`, {width: 1, height: 1});
  for (const k of taken) graph.setNode(`o${k}`, {width: 1, height: 1});
  const links = new Map();
  for (const line of view.lines) {
    const from = line.source === null ? `i${line.exit}` : `n${line.source}`;
    const to = line.target === null ? `o${line.entry}` : `n${line.target}`;
    const exit = line.source === null ? 0.5 : port(children[line.source].exits, line.exit);
    const entry = line.target === null ? 0.5 : port(children[line.target].entries, line.entry);
    const key = `${from} ${to} ${exit} ${entry}`;
    if (!links.has(key)) links.set(key, {line, from, to, exit, entry});
  }
  const shortcuts = shortcutsOf(graph.nodes(), [...links.values()]);
  for (const [key, link] of links)
    if (!shortcuts.has(link)) graph.setEdge(link.from, link.to, {weight: 2, minlen: 1}, key);
  // What enters comes first, and what leaves comes last.
  for (const name of graph.nodes()) {
    if (name[0] !== "i") for (const k of given) if (!graph.inEdges(name).length) graph.setEdge(`i${k}`, name, {weight: 0}, "first");
    if (name[0] !== "o") for (const k of taken) if (!graph.outEdges(name).length) graph.setEdge(name, `o${k}`, {weight: 0}, "last");
  }
  arrange(graph);
  return routed(view, graph, children, labels, [...links], given, taken, top);
}

const arranged = new Map(); // what dagre has laid out, by what it was given: while a text is edited most boxes stay

function arrange(graph) {
  if (graph.nodeCount() > MOST_CELLS || isChain(graph)) return column(graph);
  const edges = graph.edges(), key = JSON.stringify([
    graph.graph(), graph.nodes().map(name => [name, graph.node(name)]), edges.map(edge => [edge, graph.edge(edge)]),
  ]);
  let result = arranged.get(key);
  if (result === undefined) {
    dagre.layout(graph);
    const {width, height} = graph.graph();
    result = {
      size: {width, height}, nodes: new Map(graph.nodes().map(name => [name, {...graph.node(name)}])),
      bends: edges.map(edge => graph.edge(edge).points),
    };
    if (arranged.size >= MOST_ARRANGED) arranged.delete(arranged.keys().next().value);
    arranged.set(key, result);
  } else {
    graph.setGraph({...graph.graph(), ...result.size});
    for (const [name, node] of result.nodes) graph.setNode(name, node);
    edges.forEach((edge, index) => { graph.edge(edge).points = result.bends[index]; });
  }
}

// Whether each node follows on the one before, so that dagre would put one below the other too, in much more time.
function isChain(graph) {
  const names = [...graph.nodes()].sort((a, b) => orderOf(a) - orderOf(b));
  return graph.edgeCount() === names.length - 1
    && names.every((name, index) => !index || graph.outEdges(names[index - 1], name).length === 1);
}

// One node below the other, in the order of execution; lines that skip some pass behind them.
function column(graph) {
  const names = [...graph.nodes()].sort((a, b) => orderOf(a) - orderOf(b)), {ranksep} = graph.graph();
  const width = names.reduce((most, name) => Math.max(most, graph.node(name).width), 0);
  let y = 0;
  for (const name of names) {
    const node = graph.node(name);
    Object.assign(node, {x: width / 2, y: y + node.height / 2});
    y += node.height + ranksep;
  }
  for (const edge of graph.edges()) graph.edge(edge).points = [];
  graph.setGraph({width, height: y - ranksep});
}

// Wider where many lines spread from one node or meet at one.
function rankGap(view) {
  const counts = new Map();
  for (const {source, target} of view.lines)
    for (const end of [`from ${source}`, `to ${target}`]) counts.set(end, (counts.get(end) || 0) + 1);
  return 22 + 8 * Math.min(3, Math.max(0, ...counts.values()) - 1);
}

// The links beside which there is another way, as around a residual block: dagre does not see them, so that the main
// path is straight, and they pass around on the right.
function shortcutsOf(names, links) {
  const found = new Set(), index = new Map(), after = new Map(names.map(name => [name, []]));
  if (names.length > MOST_CELLS) return found;
  for (const link of links) after.get(link.from).push(link);
  const behind = new Map();
  const sorted = [...names].sort((a, b) => orderOf(a) - orderOf(b));
  sorted.forEach((name, at) => index.set(name, 1n << BigInt(at)));
  for (const name of sorted.reverse()) {
    let reached = 0n;
    for (const {to} of after.get(name)) reached |= behind.get(to);
    for (const link of after.get(name)) if (reached & index.get(link.to)) found.add(link);
    for (const {to} of after.get(name)) reached |= index.get(to);
    behind.set(name, reached);
  }
  return found;
}

// Gives each shortcut a lane to the right of all that it passes, a short one inside a long one; returns the width.
function passAround(shortcuts, routes, children, ranks, width) {
  const lanes = [];
  const long = ({points}) => points[points.length - 1][1] - points[0][1];
  for (const route of shortcuts.sort((a, b) => long(a) - long(b))) {
    const [[, startY], [, below], ...rest] = route.points, [end, endY] = rest[rest.length - 1];
    const between = ranks.filter(([from, to]) => from > below && to < endY);
    const into = Math.min(...between.map(([from]) => from)), leave = Math.max(...between.map(([, to]) => to));
    const passed = children.filter(child => child.y < endY && child.y + child.height > below);
    const beside = routes.filter(each => !each.shortcut).flatMap(each => each.points.filter(([, y]) => y > below && y < endY).map(([x]) => x));
    let x = Math.max(...passed.map(child => child.x + child.width + child.shadows * SHADOW), ...beside, end) + 14;
    for (const lane of lanes) if (lane.from < endY && lane.to > below) x = Math.max(x, lane.x + 12);
    lanes.push({x, from: below, to: endY});
    const start = route.points[0][0];
    route.points = [[start, startY], [start, below], [x, into], [x, leave], [end, endY], [end, endY]];
    width = Math.max(width, x + 2);
  }
  return width;
}

// Whether most neighbours in a rank stand in another order than in the network: the picture is mirrored then.
function isReversed(graph, children) {
  let balance = 0;
  const rows = new Map();
  children.forEach((_, index) => {
    const {x, y, height} = graph.node(`n${index}`), key = Math.round(y - height / 2);
    rows.set(key, [...(rows.get(key) || []), x]);
  });
  for (const row of rows.values()) row.slice(1).forEach((x, index) => balance += Math.sign(x - row[index]));
  return balance < 0;
}

function routed(view, graph, children, labels, links, given, taken, top) {
  const bands = new Map(); // by the top of a rank: its bottom
  const topOf = name => graph.node(name).y - graph.node(name).height / 2;
  for (const name of graph.nodes()) {
    const begins = Math.round(topOf(name));
    bands.set(begins, Math.max(bands.get(begins) || 0, begins + graph.node(name).height));
  }
  const above = given.length ? top : top + PAD, {width, height} = graph.graph();
  const mirror = isReversed(graph, children) ? -1 : 1, across = x => mirror < 0 ? width - x : x;
  const corner = name => [across(graph.node(name).x) - graph.node(name).width / 2, topOf(name) + above];
  children.forEach((child, index) => {
    const [x, y] = corner(`n${index}`);
    [child.x, child.y] = [x + child.shift, y];
  });
  const told = new Set();
  const routes = links.map(([key, {line, from, to, exit, entry}]) => {
    const giver = line.source === null ? null : children[line.source];
    const taker = line.target === null ? null : children[line.target];
    const start = (giver ? giver.x : corner(from)[0]) + exit, end = (taker ? taker.x : corner(to)[0]) + entry;
    const startY = corner(from)[1] + (giver ? giver.height + giver.shadows * SHADOW : 0), endY = corner(to)[1];
    const below = bands.get(Math.round(topOf(from)));
    const points = [[start, startY], [start, below + above]];
    const bends = graph.edge(from, to, key);
    for (const {x, y} of bends ? bends.points.slice(1, -1) : []) {
      const bottom = bands.get(Math.round(y));
      if (y > below && y + above < endY && bottom !== undefined)
        points.push([across(x), y + above], [across(x), bottom + above]);
    }
    points.push([end, endY], [end, endY]);
    const first = line.source !== null && !told.has(`${from} ${exit}`);
    told.add(`${from} ${exit}`);
    return {line, points, shortcut: !bends, label: first ? labels[line.source].get(line.exit) || "" : ""};
  });
  const right = passAround(routes.filter(route => route.shortcut), routes, children, [...bands].map(([from, to]) => [from + above, to + above]), width);
  const most = Math.max(-1, ...given);
  return {
    width: right, height: above + height + (taken.length ? 0 : PAD), children, routes,
    entries: Array.from({length: most + 1}, (_, k) => given.includes(k) ? corner(`i${k}`)[0] + 0.5 : width / 2),
    exits: taken.map(k => corner(`o${k}`)[0] + 0.5),
  };
}
