// The page from top to bottom: a change of the text goes to the server, what it answers is shown.

import {find} from "./dom";
import {Files} from "./files";
import {chosen, tell} from "./findings";
import "./frame";
import {Language} from "./language";
import {insert} from "./insert";
import {at, network, picked, show} from "./picture";
import {Sizes} from "./sizes";
import {TextPane} from "./text";
import {t} from "./texts";

const language = new Language({
  findings: tell,
  picture: answer => {
    show(answer, files.name);
    if (answer.picture) sizes.inputs(answer.picture.network);
    find("totals").textContent = answer.totals ?? "";
  },
  lost: lost => {
    find("lost").hidden = !lost;
    find("lost").textContent = t("lost");
  },
});
const pane = new TextPane({
  change: (view, transactions) => language.change(view, transactions),
  changed: () => {
    files?.tell();
    sizes?.forget();
  },
  moved: at,
});
const files: Files = new Files(pane, language);
const sizes: Sizes = new Sizes(settings => language.draw(settings), () => ({name: files.name, text: pane.text()}));
const place = () => void insert(pane.view);

picked.line = line => pane.goTo(line);
chosen.line = line => pane.goTo(line, true);
addEventListener("keydown", event => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  const action = {
    s: () => files.save(), o: () => files.choose(), i: place, Enter: () => find("train")?.click(),
  }[event.key];
  if (!action || document.querySelector("dialog")) return;
  event.preventDefault();
  void action();
});
find("insert").onclick = place;
await files.start();

const {Training} = await import("./training");
new Training(find("training-pane"), {
  save: async () => !files.changed() && files.exists() || await files.save() ? files.name : null,
  network: () => network?.name ?? "run",
});
