// Questions for the picture of a text: beside CodeMirror's client, which sends nothing before the editor has drawn.

import type {ChangeSet, Text} from "@codemirror/state";
import type {Answer} from "./server";

const OWN = "picture "; // what the ids of these questions begin with

/** A change of a text `doc` that the server does not know yet, and the version it leads to. */
interface Change {version: number; changes: ChangeSet; doc: Text}

export class Pictures {
  private readonly waiting = new Map<string, [(answer: Answer | null) => void, (gone: Error) => void]>();
  private asked = 0;

  constructor(private readonly send: (text: string) => void) {}

  /** Asks; the server answers null where a newer version of the text was asked for meanwhile. */
  ask(uri: string, settings: string[], change?: Change): Promise<Answer | null> {
    const id = `${OWN}${this.asked++}`, textDocument = {uri, version: change?.version};
    const params = {textDocument, settings, contentChanges: change && contentChanges(change)};
    const answer = new Promise<Answer | null>((resolve, reject) => this.waiting.set(id, [resolve, reject]));
    this.send(JSON.stringify({jsonrpc: "2.0", id, method: "netspec/graph", params}));
    return answer;
  }

  /** Takes a message of the server, and tells whether it was an answer to one of these questions. */
  take(text: string): boolean {
    if (!text.includes(`"${OWN}`)) return false;
    const {id, result} = JSON.parse(text) as {id?: string; result?: Answer | null};
    const waiting = this.waiting.get(id ?? "");
    this.waiting.delete(id ?? "");
    waiting?.[0](result ?? null);
    return waiting !== undefined;
  }

  /** The connection has gone. */
  end(): void {
    for (const [, reject] of this.waiting.values()) reject(new Error("gone"));
    this.waiting.clear();
  }
}

function contentChanges({changes, doc}: Change): unknown[] {
  const position = (at: number) => {
    const line = doc.lineAt(at);
    return {line: line.number - 1, character: at - line.from};
  };
  const found: unknown[] = [];
  changes.iterChanges((from, to, _from, _to, inserted) => {
    found.push({range: {start: position(from), end: position(to)}, text: inserted.toString()});
  });
  return found.reverse();
}
