// The modules of netspec/render/pictures/browser, which are JavaScript, as the page of one network needs them.

interface PictureNode {
  id: number; kind: string; name: string; path?: string; type?: string; file?: string; line?: number;
  nodes?: PictureNode[]; period?: number; outputs: ({shape: number[]; dtype: string} | null)[];
  problems?: {code: string; severity: string; message: string; english?: string; file: string; line: number}[];
}

declare module "@picture/tree.js" {
  export const network: PictureNode | null;
  export const nodes: Map<number, PictureNode>;
  export const parents: Map<number, PictureNode>;
  export const state: {open: Set<number>; all: Set<number>};
  export function setNetwork(tree: PictureNode, open: number[]): void;
  export function isBox(node: PictureNode): boolean;
}

declare module "@picture/draw.js" {
  export const drawn: Map<number, {group: SVGGElement}>;
}

declare module "@picture/search.js" {
  export function search(): void;
}

declare module "@picture/controls.js" {
  export const KEYS: Record<string, () => void>;
  export function onKey(event: KeyboardEvent): void;
  export function nextProblem(): void;
}

declare module "@picture/viewer.js" {
  export const TEXTS: Record<
    "takes" | "gives" | "parameters" | "MACs" | "unknown" | "weights" | "shared" | "spec" | "line" | "repeat" | "nothing",
    string
  >;
  export const hooks: {chosen: (id: number | null) => void; click: (id: number, target: Element) => boolean};
  export const marked: {chosen: number | null};
  export let view: {x: number; y: number; scale: number};
  export function move(next: {x: number; y: number; scale: number}): void;
  export function visible(id: number): boolean;
  export function center(id: number): void;
  export function choose(id: number | null, moves?: boolean): void;
  export function fit(): void;
  export function foldAll(open: boolean): void;
  export function idAt(target: EventTarget | null): number | null;
  export function light(ids: Set<number>): void;
  export function redraw(still?: number | null): void;
  export function toggle(id: number): void;
  export function zoom(factor: number): void;
}
