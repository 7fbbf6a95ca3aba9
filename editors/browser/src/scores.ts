// The scores of a run: its confusion matrix as a table, and the pictures that it has drawn of its mistakes.

import {make} from "./dom";
import type {Run} from "./curves";
import {ask, route} from "./server";
import {t} from "./texts";

interface Scores {classes?: {class: string}[]; confusion?: number[][]; [name: string]: unknown}

const MOST_CLASSES = 50;

/** What is shown of a run's scores. */
export async function scoresOf(run: Run): Promise<HTMLElement[]> {
  const scores = await ask<Scores>("GET", route("runs", run.name, "scores")), shown: HTMLElement[] = [];
  const figures = Object.entries(scores).filter(([name, value]) => typeof value === "number" && name !== "version");
  shown.push(make("p", {}, figures.map(([name, value]) => `${name} ${Number.isInteger(value) ? value : (value as number).toPrecision(4)}`).join(" · ")));
  if (scores.confusion && scores.classes && scores.classes.length <= MOST_CLASSES)
    shown.push(confusion(scores.confusion, scores.classes.map(each => each.class)));
  for (const file of run.pictures ?? [])
    if (file === "mistakes.png" || file === "fit.png" || (file === "confusion_matrix.png" && !scores.confusion))
      shown.push(make("img", {class: "shown", alt: t(file === "mistakes.png" ? "mistakes" : "scores"), src: route("runs", run.name, "pictures", file)}));
  return shown;
}

function confusion(counts: number[][], names: string[]): HTMLElement {
  const table = make("table", {class: "confusion"}, make("caption", {}, t("confusion")));
  table.append(make("thead", {}, make("tr", {}, make("td"), ...names.map(name => make("th", {scope: "col"}, name)))));
  const most = counts.map((row, at) => Math.max(1, ...row.filter((_, index) => index !== at)));
  table.append(make("tbody", {}, ...counts.map((row, at) => make("tr", {}, make("th", {scope: "row"}, names[at]!),
    ...row.map((count, index) => {
      const sum = row.reduce((all, each) => all + each, 0) || 1, cell = make("td", {}, count ? String(count) : "");
      cell.classList.add(at === index ? "right" : "wrong");
      const strength = at === index ? count / sum : (0.25 + 0.75 * count / most[at]!) * Number(count > 0);
      cell.style.setProperty("--strength", `${Math.round(60 * strength)}%`);
      return cell;
    })))));
  return table;
}
