// What the server says in English → the language of the page, by the catalogue of netspec. A message that is not known
// yet is shown in English until it is.

import {ask} from "./server";
import {language, translated} from "./texts";

const known = new Map<string, string>(), missing = new Set<string>(), listeners: (() => void)[] = [];
let timer = 0;

/** Calls a function when messages have come in another language. */
export function retold(listener: () => void): void {
  listeners.push(listener);
}

/** A message in the language of the page. */
export function told(text: string): string {
  if (language === "en" || !text) return text;
  const found = known.get(text);
  if (found === undefined) {
    missing.add(text);
    clearTimeout(timer);
    timer = window.setTimeout(() => void fetchMissing(), 20);
  }
  return found ?? text;
}

async function fetchMissing(): Promise<void> {
  const texts = [...missing].slice(0, 100);
  for (const text of texts) missing.delete(text);
  const found = await ask<{texts: string[]}>("POST", "translations", {texts, language}).catch(() => null);
  if (!found) return;
  texts.forEach((text, index) => known.set(text, found.texts[index] ?? text));
  for (const listener of listeners) listener();
}

translated(() => known.clear());
