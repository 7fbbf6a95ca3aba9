// Inlay hints: behind each item the shape that leaves it.

import {LSPPlugin} from "@codemirror/lsp-client";
import {StateEffect, StateField, type Range} from "@codemirror/state";
import {Decoration, EditorView, ViewPlugin, WidgetType, type DecorationSet, type ViewUpdate} from "@codemirror/view";

const PAUSE = 120; // milliseconds after the last change

interface Hint {position: {line: number; character: number}; label: string | {value: string}[]}

class Label extends WidgetType {
  constructor(private readonly text: string) { super(); }

  override eq(other: Label): boolean {
    return other.text === this.text;
  }

  override ignoreEvent(): boolean {
    return false; // a click on it is one on its line
  }

  toDOM(): HTMLElement {
    const made = document.createElement("span");
    made.className = "hint";
    made.setAttribute("aria-hidden", "true"); // the picture and the hover tell it too
    made.textContent = this.text;
    return made;
  }
}

const taken = StateEffect.define<DecorationSet>();

const shown = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(taken)) return effect.value;
    return value.map(transaction.changes);
  },
  provide: field => EditorView.decorations.from(field),
});

const asking = ViewPlugin.fromClass(class {
  private timer = 0;

  constructor(private readonly view: EditorView) {
    this.later();
  }

  update(update: ViewUpdate): void {
    if (update.docChanged) this.later();
  }

  destroy(): void {
    clearTimeout(this.timer);
  }

  private later(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.ask(), PAUSE);
  }

  private async ask(): Promise<void> {
    const plugin = LSPPlugin.get(this.view), {doc} = this.view.state;
    if (!plugin?.client.connected) return this.later();
    plugin.client.sync();
    const range = {start: {line: 0, character: 0}, end: {line: doc.lines, character: 0}};
    const found = await plugin.client.request<unknown, Hint[] | null>("textDocument/inlayHint", {textDocument: {uri: plugin.uri}, range})
      .catch(() => null);
    if (!found || this.view.state.doc !== doc) return;
    const hints = found.map(({position, label}): Range<Decoration> => {
      const text = typeof label === "string" ? label : label.map(part => part.value).join("");
      return Decoration.widget({widget: new Label(text), side: 1}).range(plugin.fromPosition(position));
    });
    this.view.dispatch({effects: taken.of(Decoration.set(hints, true))});
  }
});

export const hints = [shown, asking];
