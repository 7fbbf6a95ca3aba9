// What the page asks of the server. All addresses are relative to the page's, which has the token.

export interface Start {folder: string; path: string; root: string; first: string; nonce: string}
export interface Opened {name: string; text: string; version: string | null}
/** The picture of a text, as the language server answers `netspec/graph`. */
export interface Answer {
  version: number; ok: boolean; sound: boolean; error?: string; totals: string | null;
  picture: {network: PictureNode; open: number[]} | null;
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
