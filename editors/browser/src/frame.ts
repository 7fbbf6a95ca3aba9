// The frame of the page: the theme, the language, the splitter, the panes of a narrow window.

import {find} from "./dom";
import {changeLanguage, fill, language, t, translated} from "./texts";

const KEPT = "netspec.theme", WIDTH = "netspec.width";
const root = document.documentElement;

const kept = localStorage.getItem(KEPT);
if (kept === "light" || kept === "dark") root.dataset.theme = kept;

find("theme").onclick = () => {
  const dark = (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem(KEPT, root.dataset.theme);
};

find("language").onclick = changeLanguage;
translated(() => {
  root.lang = language;
  fill(document);
});

const help = find("help"), keys = find("keys");
translated(() => { help.innerText = t("keyRows"); });

function toggleHelp(): void {
  help.hidden = !help.hidden;
  keys.setAttribute("aria-expanded", String(!help.hidden));
}

keys.onclick = toggleHelp;

// F6 goes from part to part, as in desktop programs: Tab indents in the text.
const PARTS = [".cm-content", "#canvas", "#train"];
addEventListener("keydown", event => {
  if (event.key === "Escape" && !help.hidden) return toggleHelp();
  if (event.key !== "F6") return;
  event.preventDefault();
  const parts = PARTS.map(part => document.querySelector<HTMLElement>(part)).filter(part => part !== null);
  const at = parts.findIndex(part => part.closest("section")!.contains(document.activeElement));
  const next = parts[(at + (event.shiftKey ? parts.length - 1 : 1)) % parts.length]!;
  showPane(next.closest("section")!.id.replace("-pane", ""));
  next.focus();
});

const splitter = find("splitter");

function setWidth(percent: number): void {
  const width = Math.round(Math.min(85, Math.max(15, percent)));
  root.style.setProperty("--text-width", `${width}%`);
  splitter.setAttribute("aria-valuenow", String(width));
  localStorage.setItem(WIDTH, String(width));
}

setWidth(Number(localStorage.getItem(WIDTH)) || 45);
splitter.addEventListener("pointerdown", event => splitter.setPointerCapture(event.pointerId));
splitter.addEventListener("pointermove", event => {
  if (splitter.hasPointerCapture(event.pointerId)) setWidth(100 * event.clientX / innerWidth);
});
splitter.addEventListener("keydown", event => {
  const by = {ArrowLeft: -3, ArrowRight: 3}[event.key];
  if (by) setWidth(Number(splitter.getAttribute("aria-valuenow")) + by);
});

const tabs = [...document.querySelectorAll<HTMLElement>("#panes [role=tab]")];

/** Shows a pane where the window is too narrow for all. */
export function showPane(name: string): void {
  document.body.dataset.pane = name;
  for (const tab of tabs) {
    tab.setAttribute("aria-selected", String(tab.dataset.pane === name));
    tab.tabIndex = tab.dataset.pane === name ? 0 : -1;
  }
}

for (const tab of tabs) {
  tab.onclick = () => showPane(tab.dataset.pane!);
  tab.onkeydown = event => {
    const by = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (!by) return;
    const next = tabs[(tabs.indexOf(tab) + by + tabs.length) % tabs.length]!;
    showPane(next.dataset.pane!);
    next.focus();
  };
}
showPane("text");
