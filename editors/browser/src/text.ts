// The text: CodeMirror, what is wrong at its place, and the line of the cursor.

import {closeBrackets, closeBracketsKeymap, completionKeymap} from "@codemirror/autocomplete";
import {defaultKeymap, history, historyKeymap, indentWithTab, isolateHistory} from "@codemirror/commands";
import {yaml} from "@codemirror/lang-yaml";
import {HighlightStyle, bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit, syntaxHighlighting} from "@codemirror/language";
import {lintGutter, lintKeymap, nextDiagnostic} from "@codemirror/lint";
import {highlightSelectionMatches, searchKeymap} from "@codemirror/search";
import {EditorState, type Extension, type Text, type Transaction} from "@codemirror/state";
import {EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers} from "@codemirror/view";
import {tags} from "@lezer/highlight";
import {find} from "./dom";
import {start} from "./server";
import {t} from "./texts";

const STYLE = HighlightStyle.define([
  {tag: [tags.definition(tags.propertyName), tags.propertyName], color: "var(--params)"},
  {tag: tags.comment, color: "var(--soft)", fontStyle: "italic"},
  {tag: [tags.string, tags.special(tags.string)], color: "var(--word)"},
  {tag: [tags.number, tags.bool, tags.null], color: "var(--times)"},
  {tag: [tags.labelName, tags.typeName], color: "var(--macs)"},
  {tag: [tags.punctuation, tags.separator, tags.bracket, tags.squareBracket, tags.brace], color: "var(--soft)"},
]);

const THEME = EditorView.theme({
  "&": {height: "100%", fontSize: "13px", color: "var(--ink)", backgroundColor: "var(--ground)"},
  ".cm-scroller": {fontFamily: "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace", lineHeight: "1.5"},
  ".cm-content": {caretColor: "var(--ink)"},
  ".cm-cursor": {borderLeftColor: "var(--ink)"},
  ".cm-gutters": {backgroundColor: "var(--ground)", color: "var(--soft)", border: "none"},
  ".cm-activeLine, .cm-activeLineGutter": {backgroundColor: "color-mix(in srgb, var(--params) 9%, transparent)"},
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--params) 28%, transparent)",
  },
  ".cm-tooltip, .cm-panels": {backgroundColor: "var(--node)", color: "var(--ink)", borderColor: "var(--edge)"},
  ".cm-tooltip-autocomplete ul li[aria-selected]": {backgroundColor: "var(--params)", color: "var(--ground)"},
  ".cm-diagnosticAction": {backgroundColor: "var(--params)", color: "var(--ground)", font: "inherit", border: "none"},
  ".cm-matchingBracket": {backgroundColor: "color-mix(in srgb, var(--macs) 30%, transparent) !important"},
});

interface Hooks {
  change: (view: EditorView, transactions: readonly Transaction[]) => void;
  changed: () => void;
  moved: (line: number, section: string) => void;
}

export class TextPane {
  readonly view: EditorView;
  private section = "";

  constructor(private readonly hooks: Hooks) {
    this.view = new EditorView({
      parent: find("editor"), state: this.stateOf("", []),
      dispatchTransactions: (transactions, view) => this.hooks.change(view, transactions),
    });
  }

  private stateOf(text: string, more: Extension): EditorState {
    return EditorState.create({
      doc: text,
      extensions: [
        EditorView.cspNonce.of(start.nonce),
        lineNumbers(), foldGutter(), lintGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(),
        closeBrackets(), highlightActiveLine(), highlightActiveLineGutter(), highlightSelectionMatches(),
        yaml(), indentUnit.of("  "), syntaxHighlighting(STYLE), THEME,
        EditorView.contentAttributes.of({"aria-label": t("text"), spellcheck: "false"}),
        keymap.of([
          ...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap,
          ...defaultKeymap, indentWithTab,
        ]),
        EditorView.updateListener.of(update => {
          if (update.docChanged) this.hooks.changed();
          if (update.docChanged || update.selectionSet) this.tellLine();
        }),
        more,
      ],
    });
  }

  text(): string {
    return this.view.state.doc.toString();
  }

  /** Another file: its text, with a history of its own, and what knows more of it. */
  open(text: string, more: Extension): void {
    this.view.setState(this.stateOf(text, more));
    this.hooks.changed();
    this.tellLine();
  }

  /** Another text in the same file, which can be undone. */
  replace(text: string): void {
    const changes = {from: 0, to: this.view.state.doc.length, insert: text};
    this.view.dispatch({changes, annotations: isolateHistory.of("full")});
  }

  private tellLine(): void {
    const {doc, selection} = this.view.state, line = doc.lineAt(selection.main.head).number;
    this.section = sectionOf(doc, line);
    this.hooks.moved(line, this.section);
  }

  goTo(line: number, focus = false): void {
    const {doc} = this.view.state;
    if (line > doc.lines) return;
    const {from, text} = doc.line(line), anchor = from + text.length - text.trimStart().length;
    this.view.dispatch({selection: {anchor}, effects: EditorView.scrollIntoView(anchor, {y: "center"})});
    if (focus) this.view.focus();
  }

  nextFault(): void {
    this.view.focus();
    nextDiagnostic(this.view);
  }
}

/** The key of the spec that a line is below: `layers`, `blocks`, `input`, … */
function sectionOf(doc: Text, line: number): string {
  for (let at = line; at > 0; at--) {
    const found = /^["']?(\w+)["']?\s*:/.exec(doc.line(at).text);
    if (found) return found[1]!;
  }
  return "";
}
