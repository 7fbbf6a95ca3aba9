// The palette: a layer is chosen and becomes an item below that of the cursor.

import type {EditorView} from "@codemirror/view";
import {pick} from "./dom";
import {ask} from "./server";
import {t} from "./texts";

interface Layer {name: string; text: string; group: string; doc: string}

let layers: Layer[] = [];

/** Lets a layer be chosen, and inserts it. */
export async function insert(view: EditorView): Promise<void> {
  if (!layers.length) layers = await ask<Layer[]>("GET", "layers");
  const name = await pick(t("insertTip"), layers.map(({name, group, doc}) => ({value: name, label: name, more: doc, group})));
  const layer = layers.find(each => each.name === name);
  if (!layer) return;
  insertItem(view, layer.text);
  view.focus();
}

const indentOf = (text: string) => text.length - text.trimStart().length;

/** Inserts an item below the one of the cursor, or as the last one of `layers`. */
export function insertItem(view: EditorView, item: string): void {
  const {doc, selection} = view.state;
  const lines = Array.from({length: doc.lines}, (_, index) => doc.line(index + 1).text);
  let at = doc.lineAt(selection.main.head).number - 1, indent = 2;
  const isItem = (line: number) => /^\s*- /.test(lines[line] ?? "");
  const section = (line: number): string => {
    while (line >= 0 && !/^[\w"']/.test(lines[line]!)) line -= 1;
    return /^["']?(\w+)/.exec(lines[line] ?? "")?.[1] ?? "";
  };
  if (!["layers", "blocks"].includes(section(at))) {
    at = lines.findIndex(line => /^layers\s*:/.test(line));
    if (at < 0) return append(view, `layers:\n  - ${item}\n`);
    while (at + 1 < lines.length && !/^[\w"']/.test(lines[at + 1]!)) at += 1;
    while (at > 0 && !lines[at]!.trim()) at -= 1;
  }
  while (at > 0 && !lines[at]!.trim()) at -= 1; // a blank line belongs to the item above
  if (/^\s*layers\s*:\s*$/.test(lines[at]!)) indent = indentOf(lines[at]!) + 2;
  else {
    let head = at;
    while (head > 0 && !(isItem(head) && indentOf(lines[head]!) <= indentOf(lines[at]!))) head -= 1;
    indent = isItem(head) ? indentOf(lines[head]!) : indent;
    while (at + 1 < lines.length && lines[at + 1]!.trim() && indentOf(lines[at + 1]!) > indent) at += 1;
  }
  const line = doc.line(at + 1), text = `\n${" ".repeat(indent)}- ${item}`;
  view.dispatch({changes: {from: line.to, insert: text}, selection: {anchor: line.to + text.length}, scrollIntoView: true, userEvent: "input"});
}

function append(view: EditorView, text: string): void {
  const end = view.state.doc.length, before = end && !view.state.doc.toString().endsWith("\n") ? "\n" : "";
  view.dispatch({changes: {from: end, insert: before + text}, selection: {anchor: end + before.length + text.length - 1}, userEvent: "input"});
}
