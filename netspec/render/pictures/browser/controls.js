"use strict";
// Pointer, keyboard, search and buttons.

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
  if (id === null) return;
  if (target.classList.contains("times")) return copies(id);
  const shown = drawn.get(id);
  const onHeader = target.classList.contains("head") || !shown.view.children.length;
  if (shown.placed.toggle && onHeader) toggle(id);
}

// -- search ----------------------------------------------------------------------------------------------------------

const words = [...nodes.values()].filter(node => node.kind !== "repeat" && node !== network).map(node => ({
  id: node.id,
  label: [node.path || node.name, node.type].filter(Boolean).join("  "),
  text: [node.path, node.name, node.type, node.call, shapes(node.outputs), ...(node.problems || []).map(each => each.code)].join(" ").toLowerCase(),
}));

function search() {
  const parts = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = parts.length ? words.filter(({text}) => parts.every(part => text.includes(part))) : [];
  hits = matching.map(({id}) => id);
  hit = -1;
  found.replaceChildren(...matching.slice(0, 200).map(({id, label}) => {
    const line = element("li", label);
    line.setAttribute("role", "option");
    line.addEventListener("pointerdown", event => { event.preventDefault(); goTo(hits.indexOf(id)); });
    return line;
  }));
  if (parts.length && !matching.length) found.replaceChildren(element("li", "nothing found", "soft"));
  found.hidden = !parts.length;
  mark();
}

function goTo(index) {
  if (!hits.length) return;
  hit = (index + hits.length) % hits.length;
  [...found.children].forEach((line, at) => line.classList.toggle("chosen", at === hit));
  if (found.children[hit]) found.children[hit].scrollIntoView({block: "nearest"});
  reveal(hits[hit]);
}

box.addEventListener("input", search);
box.addEventListener("focus", () => { found.hidden = !box.value.trim(); });
box.addEventListener("blur", () => { found.hidden = true; });
box.addEventListener("keydown", event => {
  if (event.key === "ArrowDown" || event.key === "Enter") goTo(hit + 1);
  else if (event.key === "ArrowUp") goTo(hit - 1);
  else if (event.key === "Escape") { box.value = ""; search(); canvas.focus(); }
  else return;
  event.preventDefault();
});

// -- keyboard --------------------------------------------------------------------------------------------------------

function step(by) {
  const order = [...drawn.keys()], at = order.indexOf(chosen);
  choose(order[at < 0 ? 0 : Math.min(order.length - 1, Math.max(0, at + by))], true);
}

function inward() {
  const shown = drawn.get(chosen);
  if (!shown) return step(1);
  if (shown.view.children.length) choose(shown.view.children[0].node.id, true);
  else toggle(chosen);
}

function outward() {
  const shown = drawn.get(chosen);
  if (!shown) return;
  if (shown.view.children.length && shown.view.node.kind !== "repeat") return toggle(chosen);
  let outer = parents.get(shown.whole ? shown.whole.id : chosen);
  while (outer && !drawn.has(outer.id)) outer = parents.get(outer.id);
  if (outer) choose(outer.id, true);
}

function theme() {
  const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = (root.dataset.theme || (dark ? "dark" : "light")) === "dark" ? "light" : "dark";
}

const wrong = [...nodes.values()].filter(node => (node.problems || []).length);

function nextProblem() {
  if (!wrong.length) return;
  problem = (problem + 1) % wrong.length;
  const id = wrong[problem].id;
  if (id === network.id) {
    details.hidden = false;
    details.replaceChildren(card({node: network, whole: network, times: 1}));
  } else reveal(id);
}

const KEYS = {
  ArrowDown: () => step(1), ArrowUp: () => step(-1), ArrowRight: inward, ArrowLeft: outward,
  Enter: () => drawn.has(chosen) && toggle(chosen), " ": () => drawn.has(chosen) && toggle(chosen),
  x: () => copies(chosen), e: () => foldAll(true), c: () => foldAll(false), "+": () => zoom(1.25), "=": () => zoom(1.25),
  "-": () => zoom(0.8), 0: fit, "/": () => box.focus(), n: nextProblem, t: theme,
  "?": () => { find("help").hidden = !find("help").hidden; },
  Escape: () => { find("help").hidden = true; choose(null); },
};

addEventListener("keydown", event => {
  if (event.target === box || event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
  if (event.target.closest("button") && (event.key === "Enter" || event.key === " ")) return;
  event.preventDefault();
  KEYS[event.key]();
});

// -- the start -------------------------------------------------------------------------------------------------------

for (const [id, action] of Object.entries({
  fold: () => foldAll(false), unfold: () => foldAll(true), in: () => zoom(1.25), out: () => zoom(0.8), fit,
  theme, keys: KEYS["?"], problems: nextProblem,
})) find(id).addEventListener("click", action);

find("name").textContent = network.name;
find("totals").textContent = costs(network);
const all = wrong.flatMap(node => node.problems), errors = all.filter(each => each.severity === "error").length;
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
