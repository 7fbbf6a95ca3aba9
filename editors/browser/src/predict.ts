// What a run says of a file: the likeliest classes of a picture, the numbers of a row.

import {make} from "./dom";
import {ask, route} from "./server";
import {t} from "./texts";

interface Prediction {row?: number; classes?: {class: string; probability: number}[]; values?: number[]; labels?: {word: string; label: string}[]}
interface Answer {predictions: Prediction[]; errors: {message?: string; error?: string}[]}

const MOST_ROWS = 50;

/** Asks a run about a file, and shows the answer first in a place. */
export async function answersOf(run: string, file: File, place: HTMLElement): Promise<void> {
  const shown = make("figure", {class: "answer"}, make("figcaption", {}, `${file.name}: ${t("asking")}`));
  place.prepend(shown);
  let address = "";
  try {
    const answer = await ask<Answer>("POST", `${route("runs", run, "predict")}?file=${encodeURIComponent(file.name)}`, file);
    const first = answer.predictions[0]?.classes?.[0];
    shown.replaceChildren(make("figcaption", {}, first ? t("sees", file.name, first.class) : file.name));
    if (/^image\/(png|jpeg|gif|webp|bmp)$/.test(file.type)) {
      address = URL.createObjectURL(file);
      const picture = make("img", {alt: file.name, src: address, load: () => URL.revokeObjectURL(address)});
      shown.prepend(picture);
    }
    for (const each of answer.predictions.slice(0, MOST_ROWS)) shown.append(inWords(each));
    for (const each of answer.errors) shown.append(make("p", {class: "error"}, each.message ?? each.error ?? ""));
  } catch (error) {
    shown.replaceChildren(make("figcaption", {class: "error"}, `${file.name}: ${(error as Error).message}`));
  }
}

function inWords({row, classes, values, labels}: Prediction): HTMLElement {
  if (classes)
    return make("ol", {class: "bars"}, ...classes.map(each => {
      const bar = make("meter", {min: "0", max: "1", value: String(each.probability)});
      return make("li", {}, make("b", {}, each.class), bar, make("span", {}, `${(100 * each.probability).toFixed(1)} %`));
    }));
  const at = row === undefined ? "" : `${row}: `;
  if (labels) return make("p", {}, at + labels.map(({word, label}) => `${word}/${label}`).join(" "));
  return make("p", {}, at + (values ?? []).slice(0, MOST_ROWS).map(value => value.toPrecision(5)).join("  "));
}
