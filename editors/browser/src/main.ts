// The page from top to bottom: a change of the text goes to the server, what it answers is shown.

import {find, say} from "./dom";
import {Files} from "./files";
import "./frame";
import {Live} from "./live";
import {at, picked, show} from "./picture";
import type {Answer} from "./server";
import {TextPane} from "./text";
import {t, translated} from "./texts";

let last: Answer | null = null;

const live = new Live(shown, lost => {
  if (lost) say(t("lost"));
});
const pane = new TextPane({
  changed: text => {
    files?.tell();
    live.ask(files?.name ?? "untitled.yaml", text, []);
  },
  moved: at,
});
const files: Files = new Files(pane);

function shown(answer: Answer): void {
  last = answer;
  show(answer);
  pane.findings(answer.findings);
  tell();
}

function tell(): void {
  const button = find("faults");
  const count = (severity: string) => last?.findings.filter(each => each.severity === severity).length ?? 0;
  const errors = count("error"), warnings = count("warning");
  const words = [
    errors ? (errors === 1 ? t("oneError") : t("errors", errors)) : "",
    warnings ? (warnings === 1 ? t("oneWarning") : t("warnings", warnings)) : "",
  ].filter(Boolean);
  button.textContent = last?.error && !words.length ? last.error : words.join(", ") || t("right");
  button.className = errors || last?.error ? "error" : warnings ? "warning" : "";
  find("totals").textContent = last?.totals ?? "";
}

picked.line = line => pane.goTo(line);
find("faults").onclick = () => pane.nextFault();
addEventListener("keydown", event => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  const action = {s: () => files.save(), o: () => files.choose()}[event.key];
  if (!action || document.querySelector("dialog")) return;
  event.preventDefault();
  void action();
});
translated(tell);
await files.start();
