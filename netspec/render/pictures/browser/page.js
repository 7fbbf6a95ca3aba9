"use strict";
// The page of one network: its data, its buttons, the theme, and the start.

import {KEYS, nextProblem, onKey, wrongNodes} from "./controls.js";
import {costs, network, setNetwork} from "./tree.js";
import {find, fit, foldAll, redraw, zoom} from "./viewer.js";

const given = JSON.parse(find("network").textContent);
setNetwork(given.network, given.open);

function theme() {
  const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = (root.dataset.theme || (dark ? "dark" : "light")) === "dark" ? "light" : "dark";
}

function help() {
  find("help").hidden = !find("help").hidden;
}

const {Escape: close} = KEYS;
Object.assign(KEYS, {t: theme, "?": help, Escape: () => { find("help").hidden = true; close(); }});
addEventListener("keydown", onKey);

for (const [id, action] of Object.entries({
  fold: () => foldAll(false), unfold: () => foldAll(true), in: () => zoom(1.25), out: () => zoom(0.8), fit,
  theme, keys: help, problems: nextProblem,
})) find(id).addEventListener("click", action);

find("name").textContent = network.name;
find("totals").textContent = costs(network);
const all = wrongNodes().flatMap(node => node.problems), errors = all.filter(each => each.severity === "error").length;
if (all.length) {
  const button = find("problems"), number = errors || all.length;
  const kind = errors ? "error" : all.some(each => each.severity === "warning") ? "warning" : "note";
  button.hidden = false;
  button.className = kind;
  button.textContent = `${number} ${kind}${number > 1 ? "s" : ""}`;
  button.title = "The next one (n)";
}
redraw();
fit();
