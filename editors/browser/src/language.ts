// The language server in the page's own process, by CodeMirror's client: findings with their fixes, hints, completion,
// and the picture of the text.

import {autocompletion} from "@codemirror/autocomplete";
import {setDiagnostics, type Action} from "@codemirror/lint";
import {
  LSPClient, LSPPlugin, formatKeymap, hoverTooltips, jumpToDefinitionKeymap, renameKeymap, serverCompletion, type Transport,
} from "@codemirror/lsp-client";
import type {Extension, Transaction} from "@codemirror/state";
import {EditorView, keymap} from "@codemirror/view";
import {hints} from "./hints";
import {retold, told} from "./messages";
import {clean} from "./sanitize";
import {Pictures} from "./pictures";
import {socket, start, type Answer} from "./server";
import {translated} from "./texts";

const TIMEOUT = 60_000, PAUSE = 200, TRIES = 250, LONGEST_WAIT = 8000; // milliseconds
const SEVERITIES = ["error", "error", "warning", "info", "hint"] as const;

interface Position {line: number; character: number}
interface Range {start: Position; end: Position}
export interface TextEdit {range: Range; newText: string}
interface Found {range: Range; message: string; severity?: number; code?: string}
interface CodeAction {title: string; isPreferred?: boolean; diagnostics?: Found[]; edit?: {changes?: Record<string, TextEdit[]>}}

export interface Finding {
  line: number; severity: "error" | "warning" | "info" | "hint"; code: string; message: string; more: string[];
  fixes: {title: string; safe: boolean; apply: () => void}[];
}

interface Hooks {
  findings: (found: Finding[]) => void;
  picture: (answer: Answer) => void;
  lost: (lost: boolean) => void;
}

export const uriOf = (name: string) => `${start.root}/${name.split("/").map(encodeURIComponent).join("/")}`;

export class Language {
  private readonly client: LSPClient;
  private pictures: Pictures | null = null; // of the connection that there is
  private view: EditorView | null = null;
  private tries = 0;
  private asking = false;
  private wanted: string[] | null = null; // settings of the next picture
  private settings: string[] = [];

  constructor(private readonly hooks: Hooks) {
    this.client = new LSPClient({
      rootUri: start.root,
      timeout: TIMEOUT,
      sanitizeHTML: clean,
      extensions: [
        {
          clientCapabilities: {textDocument: {publishDiagnostics: {versionSupport: true}, inlayHint: {}, codeAction: {codeActionLiteralSupport: {codeActionKind: {valueSet: ["quickfix"]}}}}},
          notificationHandlers: {"textDocument/publishDiagnostics": (_, params) => this.published(params)},
        },
        hoverTooltips(), autocompletion(), serverCompletion(), keymap.of([...formatKeymap, ...renameKeymap, ...jumpToDefinitionKeymap]), hints,
      ],
    });
    this.connect();
    retold(() => this.remark());
    translated(() => this.remark());
  }

  /** The extension of an editor that has the text of a file. */
  of(name: string): Extension {
    return this.client.plugin(uriOf(name), "netspec");
  }

  private connect(): void {
    const connection = socket("language"), handlers = new Set<(text: string) => void>();
    const pictures = new Pictures(text => connection.send(text));
    const transport: Transport = {
      send: text => connection.send(text),
      subscribe: handler => handlers.add(handler),
      unsubscribe: handler => handlers.delete(handler),
    };
    connection.onmessage = event => {
      if (!pictures.take(event.data as string)) for (const handler of handlers) handler(event.data as string);
    };
    connection.onopen = () => {
      this.tries = 0;
      this.client.connect(transport);
      this.hooks.lost(false);
      void this.client.initializing.then(() => {
        this.pictures = pictures;
        this.draw();
      });
    };
    connection.onclose = () => {
      this.pictures = null;
      pictures.end();
      if (!this.tries) this.client.disconnect();
      this.hooks.lost(true);
      this.tries += 1;
      this.asking = false;
      setTimeout(() => this.connect(), Math.min(LONGEST_WAIT, TRIES * 2 ** this.tries));
    };
  }

  /** Takes the editor that shows another text. */
  shows(view: EditorView): void {
    this.view = view;
    this.draw();
  }

  /** Lets an editor take a change of its text. The server is told first, so that it makes the picture meanwhile. */
  change(view: EditorView, transactions: readonly Transaction[]): void {
    const made = transactions.filter(each => each.docChanged), plugin = LSPPlugin.get(view);
    const file = plugin && this.client.workspace.getFile(plugin.uri), {pictures} = this;
    const known = made.length === 1 && plugin?.unsyncedChanges.empty && plugin.syncedDoc === made[0]!.startState.doc;
    if (known && file && pictures && !this.asking && !this.settings.length) {
      const {changes, startState: {doc}} = made[0]!;
      pictures.ask(plugin.uri, [], {version: file.version + 1, changes, doc})
        .then(answer => this.drawn(plugin, answer), () => {}); // the connection has gone; the next one draws again
      this.view = view;
      view.update(transactions);
      plugin.client.sync();
    } else {
      view.update(transactions);
      if (made.length) this.shows(view);
    }
  }

  private drawn(plugin: LSPPlugin, answer: Answer | null): void {
    if (answer && this.view && LSPPlugin.get(this.view) === plugin) this.hooks.picture(answer);
  }

  /** Asks for the picture of the text as it is now, with other settings than before if there are any. */
  draw(settings = this.settings): void {
    this.settings = this.wanted = settings;
    void this.ask();
  }

  private async ask(): Promise<void> {
    const plugin = this.view && LSPPlugin.get(this.view), {pictures} = this;
    if (!plugin || !pictures) return;
    plugin.client.sync();
    if (this.asking) return;
    this.asking = true;
    try {
      await plugin.client.initializing; // what it has to send goes first
      while (this.wanted !== null) {
        const settings = this.wanted;
        this.wanted = null;
        this.drawn(plugin, await pictures.ask(plugin.uri, settings));
      }
    } catch { // the connection has gone; the next one draws again
    } finally {
      this.asking = false;
    }
  }

  private published({uri, version, diagnostics}: {uri: string; version?: number; diagnostics: Found[]}): boolean {
    const file = this.client.workspace.getFile(uri), view = file?.getView();
    if (!file || !view || (version != null && version !== file.version)) return true;
    this.last = {view, found: diagnostics, actions: []};
    this.remark();
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.fix(uri, file.version, view, diagnostics), PAUSE);
    return true;
  }

  private timer = 0;
  private last: {view: EditorView; found: Found[]; actions: CodeAction[]} | null = null;

  // The findings that are shown, once more: in another language.
  private remark(): void {
    if (this.last && LSPPlugin.get(this.last.view)?.unsyncedChanges.empty) this.mark(this.last.view, this.last.found, this.last.actions);
  }

  private async fix(uri: string, version: number, view: EditorView, found: Found[]): Promise<void> {
    const current = () => this.client.workspace.getFile(uri)?.version === version && LSPPlugin.get(view)?.unsyncedChanges.empty;
    if (!current()) return;
    const range = {start: {line: 0, character: 0}, end: {line: view.state.doc.lines, character: 0}};
    const actions = found.length ? await this.client.request<unknown, CodeAction[] | null>("textDocument/codeAction", {
      textDocument: {uri}, range, context: {diagnostics: found, only: ["quickfix"]},
    }).catch(() => null) : [];
    if (!current()) return;
    this.last = {view, found, actions: actions ?? []};
    this.hooks.findings(this.mark(view, found, actions ?? []));
  }

  /** Marks the findings in the text, with the fixes that are known. */
  private mark(view: EditorView, found: Found[], actions: CodeAction[]): Finding[] {
    const plugin = LSPPlugin.get(view)!, {uri} = plugin;
    const place = (position: Position) => plugin.unsyncedChanges.mapPos(plugin.fromPosition(position, plugin.syncedDoc));
    const findings = found.map((each): Finding => {
      const own = actions.filter(({diagnostics, edit}) => edit?.changes?.[uri] && Object.keys(edit.changes).length === 1
        && diagnostics?.some(told => told.code === each.code && same(told.range, each.range) && first(told.message) === first(each.message)));
      return {
        line: each.range.start.line + 1, severity: SEVERITIES[each.severity ?? 1]!, code: each.code ?? "",
        message: first(each.message), more: each.message.split("\n").slice(1),
        fixes: own.map(({title, isPreferred, edit}) => ({
          title, safe: isPreferred ?? false, apply: () => applyEdits(view, edit!.changes![uri]!),
        })),
      };
    });
    view.dispatch(setDiagnostics(view.state, found.map((each, index) => ({
      from: place(each.range.start), to: place(each.range.end), source: each.code, message: each.message.split("\n").map(told).join("\n"),
      severity: findings[index]!.severity,
      actions: findings[index]!.fixes.map(({title, apply}): Action => ({name: title, apply})),
    }))));
    return findings;
  }

}

const first = (text: string) => text.split("\n")[0]!;
const same = (a: Range, b: Range) => a.start.line === b.start.line && a.start.character === b.start.character
  && a.end.line === b.end.line && a.end.character === b.end.character;

/** Makes edits of the text that the server knows, all at once. */
export function applyEdits(view: EditorView, edits: TextEdit[]): void {
  const plugin = LSPPlugin.get(view);
  if (!plugin?.unsyncedChanges.empty) return; // typed meanwhile: the fix is of another text
  view.dispatch({
    changes: edits.map(({range, newText}) => ({from: plugin.fromPosition(range.start), to: plugin.fromPosition(range.end), insert: newText})),
    userEvent: "input.fix",
  });
}
