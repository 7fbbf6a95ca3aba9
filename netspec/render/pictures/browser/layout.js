"use strict";
// A view → rectangles and lines at their places. Each box is laid out by dagre, from the inside out, and is then one
// node of the box around it.

const SIZES = {bold: 12, plain: 12, times: 12, small: 10, problem: 10};
const PAD = 12, SHADOW = 4, LABEL = 13, BESIDE = 5, SIDE = 10;
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

function content(view, top) {
  const labels = labelsOf(view);
  const children = view.children.map((child, index) => {
    const exits = view.lines.filter(line => line.source === index).map(line => line.exit);
    return place(child, labels[index], Math.max(0, ...exits) + 1);
  });
  const graph = new dagre.graphlib.Graph({multigraph: true});
  const ranker = children.length > MOST_SIMPLEX ? "longest-path" : "network-simplex";
  graph.setGraph({rankdir: "TB", nodesep: 18, edgesep: 12, ranksep: 22, ranker});
  children.forEach((child, index) => {
    const behind = child.shadows * SHADOW;
    const wide = Math.max(child.width + behind, ...[...labels[index]].map(([k, text]) => port(child.exits, k) + reach(text)));
    graph.setNode(`n${index}`, {width: wide, height: child.height + behind + (labels[index].size ? LABEL : 0)});
  });
  const given = [...new Set(view.lines.filter(line => line.source === null).map(line => line.exit))].sort((a, b) => a - b);
  const taken = [...new Set(view.lines.filter(line => line.target === null).map(line => line.entry))].sort((a, b) => a - b);
  for (const k of given) graph.setNode(`i${k}`, {width: 1, height: 1});
  for (const k of taken) graph.setNode(`o${k}`, {width: 1, height: 1});
  const links = new Map();
  for (const line of view.lines) {
    const from = line.source === null ? `i${line.exit}` : `n${line.source}`;
    const to = line.target === null ? `o${line.entry}` : `n${line.target}`;
    const exit = line.source === null ? 0 : port(children[line.source].exits, line.exit);
    const entry = line.target === null ? 0 : port(children[line.target].entries, line.entry);
    const key = `${from} ${to} ${exit} ${entry}`;
    if (!links.has(key)) links.set(key, {line, from, to, exit, entry});
  }
  for (const [key, link] of links) graph.setEdge(link.from, link.to, {weight: 2, minlen: 1}, key);
  // What enters comes first, and what leaves comes last.
  for (const name of graph.nodes()) {
    if (name[0] !== "i") for (const k of given) if (!graph.inEdges(name).length) graph.setEdge(`i${k}`, name, {weight: 0}, "first");
    if (name[0] !== "o") for (const k of taken) if (!graph.outEdges(name).length) graph.setEdge(name, `o${k}`, {weight: 0}, "last");
  }
  dagre.layout(graph);
  return routed(view, graph, children, labels, [...links], given, taken, top);
}

function routed(view, graph, children, labels, links, given, taken, top) {
  const bands = new Map(); // by the middle of a rank: where it begins and ends
  for (const name of graph.nodes()) {
    const {y, height} = graph.node(name), key = Math.round(y), band = bands.get(key) || [y, y];
    bands.set(key, [Math.min(band[0], y - height / 2), Math.max(band[1], y + height / 2)]);
  }
  const above = given.length ? top : top + PAD, {width, height} = graph.graph();
  const corner = name => {
    const node = graph.node(name);
    return [node.x - node.width / 2, node.y - node.height / 2 + above];
  };
  children.forEach((child, index) => [child.x, child.y] = corner(`n${index}`));
  const told = new Set();
  const routes = links.map(([key, {line, from, to, exit, entry}]) => {
    const [fromX, fromY] = corner(from), [toX, toY] = corner(to);
    const giver = line.source === null ? null : children[line.source];
    const points = [[fromX + exit, fromY + (giver ? giver.height + giver.shadows * SHADOW : 0)]];
    const below = bands.get(Math.round(graph.node(from).y))[1] + above;
    points.push([fromX + exit, below]);
    for (const {x, y} of graph.edge(from, to, key).points.slice(1, -1)) {
      const band = bands.get(Math.round(y)) || [y, y];
      if (band[0] + above > below && band[1] + above <= toY) points.push([x, band[0] + above], [x, band[1] + above]);
    }
    points.push([toX + entry, toY], [toX + entry, toY]);
    const first = line.source !== null && !told.has(`${from} ${exit}`);
    told.add(`${from} ${exit}`);
    return {line, points, label: first ? labels[line.source].get(line.exit) || "" : ""};
  });
  const most = Math.max(-1, ...given);
  return {
    width, height: above + height + (taken.length ? 0 : PAD), children, routes,
    entries: Array.from({length: most + 1}, (_, k) => given.includes(k) ? corner(`i${k}`)[0] : width / 2),
    exits: taken.map(k => corner(`o${k}`)[0]),
  };
}
