// What is wrong, as a list below the text: a click goes to the line, a button makes a fix.

import {find, make} from "./dom";
import type {Finding} from "./language";
import {retold, told} from "./messages";
import {t, translated} from "./texts";

let last: Finding[] = [];
let folded = false;

export const chosen = {line: (_: number) => {}};

/** Shows the findings of the newest text. */
export function tell(found: Finding[]): void {
  last = found;
  const count = (severity: string) => found.filter(each => each.severity === severity).length;
  const errors = count("error"), warnings = count("warning");
  const words = [
    errors ? (errors === 1 ? t("oneError") : t("errors", errors)) : "",
    warnings ? (warnings === 1 ? t("oneWarning") : t("warnings", warnings)) : "",
  ].filter(Boolean);
  const button = find("faults"), list = find("findings");
  button.textContent = words.join(", ") || t("right");
  button.className = errors ? "error" : warnings ? "warning" : "right";
  button.setAttribute("aria-expanded", String(!folded && found.length > 0));
  list.hidden = folded || !found.length;
  list.replaceChildren(...found.map(each => make("li", {class: each.severity},
    make("button", {type: "button", class: "plain", click: () => chosen.line(each.line)},
      make("b", {}, `${each.line}`), ` ${told(each.message)}`, ...(each.code ? [make("span", {class: "soft"}, ` ${each.code}`)] : [])),
    ...each.fixes.map(({title, safe, apply}) => make("button",
      {type: "button", class: safe ? "fix main" : "fix", title: t("fixTip"), click: apply}, titleOf(title))),
  )));
}

const SUGGESTION = " (suggestion)";

function titleOf(title: string): string {
  return title.endsWith(SUGGESTION) ? told(title.slice(0, -SUGGESTION.length)) + t("suggestion") : told(title);
}

find("faults").onclick = () => {
  folded = !folded;
  tell(last);
};
translated(() => tell(last));
retold(() => tell(last));
