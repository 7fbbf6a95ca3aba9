// What the page asks of the server. All addresses are relative to the page's, which has the token.

export interface Start {folder: string; first: string; nonce: string}
export interface Opened {name: string; text: string; version: string | null}
export interface Finding {
  code: string; severity: "error" | "warning" | "note"; message: string; path?: string;
  line: number; column: number; end_line: number; end_column: number; hint: string | null;
}
export interface Answer {
  id: number; ok: boolean; error?: string; path?: string; network?: unknown; open?: number[]; totals?: string;
  inputs?: Record<string, number[]>; findings: Finding[];
}

export const start = JSON.parse(document.getElementById("start")!.textContent!) as Start;

/** An answer that says that something did not work. */
export class Fault extends Error {
  constructor(readonly status: number, readonly content: {error?: string; now?: Opened}) {
    super(content.error ?? `${status}`);
  }
}

export async function ask<T>(method: string, path: string, content?: unknown): Promise<T> {
  const raw = content instanceof Blob;
  const answer = await fetch(path, {
    method,
    body: content === undefined ? undefined : raw ? content : JSON.stringify(content),
    headers: content === undefined || raw ? {} : {"Content-Type": "application/json"},
  });
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Fault(answer.status, found);
  return found as T;
}

export const route = (...parts: string[]) => parts.map(part => part.split("/").map(encodeURIComponent).join("/")).join("/");

export function socket(path: string): WebSocket {
  const address = new URL(path, document.baseURI);
  address.protocol = "ws:";
  return new WebSocket(address);
}
