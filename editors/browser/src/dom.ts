// Elements: found, made, and dialogs.

import {t} from "./texts";

export function find<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

type Child = Node | string;

export function make<K extends keyof HTMLElementTagNameMap>(
  name: K, attributes: Record<string, string | boolean | ((event: Event) => void)> = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (typeof value === "function") made.addEventListener(key, value);
    else if (typeof value === "boolean") made.toggleAttribute(key, value);
    else made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Tells the reader something, aloud too, and takes it away after a while. */
export function say(text: string): void {
  const place = find("say");
  place.textContent = text;
  clearTimeout(Number(place.dataset.timer));
  place.dataset.timer = String(setTimeout(() => { place.textContent = ""; }, 6000));
}

/** Shows a dialog until it is closed; the value is that of `close`, null after Escape. */
export function dialog<T>(title: string, build: (close: (value: T | null) => void) => Child[]): Promise<T | null> {
  return new Promise(resolve => {
    let result: T | null = null;
    const shown = make("dialog", {"aria-label": title});
    const close = (value: T | null) => { result = value; shown.close(); };
    shown.append(make("h2", {}, title), ...build(close));
    shown.addEventListener("close", () => { shown.remove(); resolve(result); });
    shown.addEventListener("click", event => { if (event.target === shown) close(null); });
    document.body.append(shown);
    shown.showModal();
  });
}

/** Asks which of some actions is meant; the last one is Cancel. */
export function choice<T extends string>(title: string, text: string, actions: [T, string][]): Promise<T | null> {
  return dialog<T>(title, close => [
    make("p", {}, text),
    make("div", {class: "tools end"},
      ...actions.map(([value, label]) => make("button", {type: "button", click: () => close(value)}, label)),
      make("button", {type: "button", click: () => close(null)}, t("cancel"))),
  ]);
}

export interface Item {value: string; label: string; more?: string; group?: string}

/** Lets one of many be chosen: a box to type in, and a list below it. */
export function pick(title: string, items: Item[]): Promise<string | null> {
  return dialog<string>(title, close => {
    const list = make("ul", {role: "listbox", id: "picks", "aria-label": title});
    const box = make("input", {
      type: "search", role: "combobox", "aria-controls": "picks", "aria-expanded": "true", "aria-label": t("filter"),
      placeholder: t("filter"), autocomplete: "off", spellcheck: "false",
    });
    let shown: Item[] = [], at = 0;
    const mark = () => [...list.children].forEach((line, index) => {
      line.setAttribute("aria-selected", String(index === at));
      if (index !== at) return;
      line.scrollIntoView({block: "nearest"});
      box.setAttribute("aria-activedescendant", line.id);
    });
    const narrow = () => {
      const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      shown = items.filter(({label, more, group}) => words.every(word => `${label} ${more ?? ""} ${group ?? ""}`.toLowerCase().includes(word)));
      if (words.length) shown.sort((a, b) => rank(a, words[0]!) - rank(b, words[0]!));
      at = 0;
      list.replaceChildren(...shown.map(({value, label, more}, index) => make("li",
        {role: "option", id: `pick${index}`, click: () => close(value)},
        make("b", {}, label), ...(more ? [make("span", {class: "soft"}, ` ${more}`)] : []))));
      if (!shown.length) list.append(make("li", {class: "soft"}, t("nothing")));
      mark();
    };
    const rank = ({label}: Item, word: string) => Number(!label.toLowerCase().startsWith(word));
    box.addEventListener("input", narrow);
    box.addEventListener("keydown", event => {
      if (event.key === "ArrowDown") at = Math.min(at + 1, shown.length - 1);
      else if (event.key === "ArrowUp") at = Math.max(at - 1, 0);
      else if (event.key === "Enter" && shown[at]) close(shown[at]!.value);
      else return;
      event.preventDefault();
      mark();
    });
    narrow();
    return [box, list];
  });
}

/** Asks for a line of text. */
export function line(title: string, value: string, action: string): Promise<string | null> {
  return dialog<string>(title, close => {
    const box = make("input", {type: "text", value, "aria-label": title, autocomplete: "off", spellcheck: "false"});
    return [make("form", {submit: event => { event.preventDefault(); close(box.value.trim()); }}, box,
      make("div", {class: "tools end"}, make("button", {type: "submit"}, action),
        make("button", {type: "button", click: () => close(null)}, t("cancel"))))];
  });
}
