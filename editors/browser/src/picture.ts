// The picture: the renderer of `netspec graph --format html`, fed with each change of the text.

import {KEYS, onKey} from "@picture/controls.js";
import {drawn} from "@picture/draw.js";
import {search} from "@picture/search.js";
import {isBox, network, nodes, parents, setNetwork, state} from "@picture/tree.js";
import {TEXTS, center, choose, fit, foldAll, hooks, idAt, light, marked, move, redraw, toggle, view, visible, zoom} from "@picture/viewer.js";
import {find} from "./dom";
import {start, type Answer} from "./server";
import {retold, told} from "./messages";
import {t, translated, type Key} from "./texts";

const canvas = find("canvas"), stale = find("stale");
const root = `${start.path}/`;
let path = "", quiet = false, first = true;

/** What is called when the reader chooses a node that has a line. */
export const picked = {line: (_: number) => {}};

// A node by what stays when the text around it changes.
function keyOf(node: PictureNode): string {
  return node.kind === "repeat" ? `repeat ${node.path ?? ""} ${keyOf(node.nodes![0]!)}` : `${node.kind} ${node.path || node.name}`;
}

// Files of the folder by their names in it, as the reader knows them.
function relative(node: PictureNode, root: string): void {
  if (node.file?.startsWith(root)) node.file = node.file.slice(root.length);
  for (const each of node.problems ?? []) each.english ??= each.message;
  for (const child of node.nodes ?? []) relative(child, root);
}

// The findings at the nodes in the language of the page.
function retell(): void {
  let changed = false;
  for (const node of nodes.values())
    for (const each of node.problems ?? []) {
      const message = told(each.english ?? each.message);
      changed ||= message !== each.message;
      each.message = message;
    }
  if (changed) redraw();
}

const boxes = () => [...nodes.values()].filter(node => isBox(node));

/** Draws what the server has answered; where there is nothing to draw, the picture stays and says so. */
export function show(answer: Answer, name: string): void {
  const {picture} = answer;
  canvas.classList.toggle("stale", !picture);
  stale.hidden = !!picture;
  if (!picture) {
    stale.textContent = t("stale", answer.error ?? "");
    return;
  }
  const before = new Map(boxes().map(node => [keyOf(node), [state.open.has(node.id), state.all.has(node.id)]]));
  const chosen = marked.chosen === null ? null : keyOf(nodes.get(marked.chosen)!);
  path = name;
  relative(picture.network, root);
  setNetwork(picture.network, picture.open);
  for (const node of nodes.values()) for (const each of node.problems ?? []) each.message = told(each.english ?? each.message);
  for (const node of boxes()) {
    const kept = before.get(keyOf(node));
    if (!kept) continue;
    if (kept[0]) state.open.add(node.id);
    else state.open.delete(node.id);
    if (kept[1]) state.all.add(node.id);
  }
  marked.chosen = null;
  if (chosen !== null)
    for (const node of nodes.values()) if (keyOf(node) === chosen) marked.chosen = node.id;
  redraw();
  if (first) fit();
  first = false;
  if (find<HTMLInputElement>("search").value) search();
  lightLine();
}

let lineOfCursor: [number, string] = [0, ""];

/** Lights the nodes of a line; `section` is the key of the spec that the line is below. */
export function at(line: number, section: string): void {
  if (line === lineOfCursor[0] && section === lineOfCursor[1]) return;
  lineOfCursor = [line, section];
  const [first, ...others] = lightLine();
  if (first !== undefined && drawn.has(first) && marked.chosen === null && ![first, ...others].some(visible)) center(first);
}

function lightLine(): number[] {
  const [line, section] = lineOfCursor, found = new Set<number>();
  if (section === "layers" || section === "blocks") {
    let nearest = 0;
    for (const node of nodes.values())
      if (node.file === path && node.line && node.line <= line) nearest = Math.max(nearest, node.line);
    for (const node of nodes.values())
      if (nearest && node.file === path && node.line === nearest) found.add(shownFor(node).id);
  } else if (section === "input" || section === "inputs") {
    for (const node of nodes.values()) if (node.kind === "input") found.add(node.id);
  }
  light(found);
  return [...found].filter(id => drawn.has(id));
}

// The node itself, or what stands for it where it is folded away.
function shownFor(node: PictureNode): PictureNode {
  let shown: PictureNode | undefined = node;
  while (shown && !drawn.has(shown.id)) {
    const outer: PictureNode | undefined = parents.get(shown.id);
    const copy: PictureNode | undefined = outer?.kind === "repeat" ? outer.nodes![outer.nodes!.indexOf(shown) % outer.period!] : undefined;
    shown = copy && drawn.has(copy.id) ? copy : outer;
  }
  return shown ?? node;
}

hooks.click = (_: number, target: Element) => !target.classList.contains("times"); // one click goes to the line
hooks.chosen = (id: number | null) => {
  const node: PictureNode | undefined = id === null ? undefined : nodes.get(id);
  if (!quiet && node?.line && node.file === path) picked.line(node.line);
};
canvas.addEventListener("dblclick", event => {
  const id = idAt(event.target);
  if (id !== null) toggle(id);
});
canvas.addEventListener("keydown", onKey);

// The middle of the picture stays in the middle; where it could not be seen so far, it is shown as a whole.
let wide = 0;
new ResizeObserver(() => {
  const before = wide;
  wide = canvas.clientWidth;
  if (!wide || !nodes.size) return;
  if (before) move({...view, x: view.x + (wide - before) / 2});
  else fit();
}).observe(canvas);

export function clear(): void {
  first = true;
  quiet = true;
  choose(null);
  quiet = false;
}

for (const [id, action] of Object.entries({
  fold: () => foldAll(false), unfold: () => foldAll(true), in: () => zoom(1.25), out: () => zoom(0.8), fit,
})) find(id).addEventListener("click", action);

retold(retell);
translated(() => {
  retell();
  for (const key of Object.keys(TEXTS)) TEXTS[key as keyof typeof TEXTS] = t(key as Key);
});

export {KEYS, network};
