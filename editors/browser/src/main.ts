// The page from top to bottom: a change of the text goes to the server, what it answers is shown.

import {find} from "./dom";
import {Files} from "./files";
import {chosen, tell} from "./findings";
import "./frame";
import {Language} from "./language";
import {at, picked, show} from "./picture";
import {TextPane} from "./text";
import {t} from "./texts";

const language = new Language({
  findings: tell,
  picture: answer => {
    show(answer, files.name);
    find("totals").textContent = answer.totals ?? "";
  },
  lost: lost => {
    find("lost").hidden = !lost;
    find("lost").textContent = t("lost");
  },
});
const pane = new TextPane({changed: () => files?.tell(), moved: at});
const files: Files = new Files(pane, language);

picked.line = line => pane.goTo(line);
chosen.line = line => pane.goTo(line, true);
addEventListener("keydown", event => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  const action = {s: () => files.save(), o: () => files.choose()}[event.key];
  if (!action || document.querySelector("dialog")) return;
  event.preventDefault();
  void action();
});
await files.start();
