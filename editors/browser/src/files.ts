// Which file is open, whether its text is saved, and saving that never loses what another program wrote.

import {choice, find, line, pick, say} from "./dom";
import {Fault, ask, route, start, type Opened} from "./server";
import type {Language} from "./language";
import type {TextPane} from "./text";
import {t} from "./texts";

const EMPTY = "netspec: 1\ninput: [1, 28, 28]  # one sample: C, H, W\n\nlayers:\n  - Flatten\n  - Linear: 10\n";

export class Files {
  name = "untitled.yaml";
  private version: string | null = null; // of the text that was opened; null: there is no such file yet
  private saved = ""; // the text in the file
  private ending = "\n";

  constructor(private readonly pane: TextPane, private readonly language: Language) {
    addEventListener("beforeunload", event => { if (this.changed()) event.preventDefault(); });
    addEventListener("focus", () => void this.look());
    find("new").onclick = () => void this.begin();
    find("open").onclick = () => void this.choose();
    find("save").onclick = () => void this.save();
  }

  changed(): boolean {
    return this.pane.text() !== this.saved;
  }

  /** Whether there is a file of the text, older perhaps. */
  exists(): boolean {
    return this.version !== null;
  }

  /** Shows the name, and whether the text is saved. */
  tell(): void {
    const changed = this.changed(), title = `${changed ? "● " : ""}${this.name} – netspec`;
    if (find("unsaved").title === t("unsaved") && document.title === title) return; // as after most keys
    find("file").textContent = this.name;
    find("unsaved").hidden = !changed;
    find("unsaved").title = t("unsaved");
    document.title = title;
  }

  async start(): Promise<void> {
    if (!start.first) return this.take({name: this.name, text: EMPTY, version: null}, EMPTY);
    try {
      this.take(await ask<Opened>("GET", route("files", start.first)));
    } catch (error) {
      this.take({name: start.first, text: EMPTY, version: null}, EMPTY);
      if (error instanceof Fault && error.message.endsWith("no such file")) return;
      say(t("cannot", String((error as Error).message)));
    }
  }

  private take(opened: Opened, saved?: string): void {
    this.name = opened.name;
    this.version = opened.version;
    this.ending = opened.text.includes("\r\n") ? "\r\n" : "\n";
    this.pane.open(opened.text, this.language.of(opened.name));
    this.language.shows(this.pane.view);
    this.saved = saved ?? this.pane.text();
    this.tell();
  }

  /** Whether the text may go: it is saved, or the reader gives it up. */
  private async free(): Promise<boolean> {
    if (!this.changed()) return true;
    const answer = await choice(t("discardTitle", this.name), t("discardText"), [["save", t("save")], ["discard", t("discard")]]);
    return answer === "discard" || (answer === "save" && await this.save());
  }

  async choose(): Promise<void> {
    await attempt(async () => {
      const {names} = await ask<{names: string[]}>("GET", "files");
      const name = await pick(t("open"), names.map(value => ({value, label: value})));
      if (name !== null && await this.free()) this.take(await ask<Opened>("GET", route("files", name)));
    });
  }

  async begin(): Promise<void> {
    await attempt(async () => {
      const shipped = await ask<Record<string, string>>("GET", "shipped");
      const items = Object.entries(shipped).map(([value, more]) => ({value, label: value, more}));
      const chosen = await pick(t("new"), [{value: "", label: t("empty")}, ...items]);
      if (chosen === null || !await this.free()) return;
      const typed = await line(t("nameTitle"), `${chosen || "net"}.yaml`, t("create"));
      if (!typed) return;
      const name = /\.ya?ml$/.test(typed) ? typed : `${typed}.yaml`;
      if (!chosen) return this.take({name, text: EMPTY, version: null}, "");
      try {
        this.take(await ask<Opened>("POST", route("shipped", chosen), {name}));
      } catch (error) {
        if (!(error instanceof Fault && error.status === 409)) throw error;
        say(t("existsTitle", name));
      }
    });
  }

  /** Writes the text into the file; where another program has changed it, the reader is asked. */
  async save(): Promise<boolean> {
    return await attempt(() => this.write(this.version)) ?? false;
  }

  private async write(version: string | null): Promise<boolean> {
    const text = this.pane.text();
    try {
      const written = await ask<Opened>("PUT", route("files", this.name), {text: text.replaceAll("\n", this.ending), version});
      this.version = written.version;
      this.saved = text;
      this.tell();
      say(t("saved", this.name));
      return true;
    } catch (error) {
      const now = error instanceof Fault && error.status === 409 ? error.content.now : undefined;
      if (!now) throw error;
      return this.settle(now);
    }
  }

  private async settle(now: Opened): Promise<boolean> {
    const gone = now.version === null, title = gone ? "goneTitle" : this.version === null ? "existsTitle" : "changedTitle";
    const actions: ["theirs" | "mine", string][] = gone ? [["mine", t("again")]] : [["theirs", t("theirs")], ["mine", t("mine")]];
    const answer = await choice(t(title, now.name), t("changedText"), actions);
    if (answer === "mine") return this.write(now.version);
    if (answer === "theirs") this.adopt(now);
    return false;
  }

  // The text of the file, in a way that can be undone.
  private adopt(now: Opened): void {
    this.version = now.version;
    this.ending = now.text.includes("\r\n") ? "\r\n" : "\n";
    this.pane.replace(now.text);
    this.saved = this.pane.text();
    this.tell();
  }

  private looking = false;

  /** After the reader was elsewhere: where the file has changed, an unchanged text follows it, and a changed one asks. */
  private async look(): Promise<void> {
    if (this.version === null || this.looking || document.querySelector("dialog")) return;
    this.looking = true;
    try {
      const now = await ask<Opened>("GET", route("files", this.name));
      if (now.version === this.version) return;
      if (!this.changed()) this.adopt(now);
      else await this.settle(now);
    } catch { // it is asked again when the text is saved
    } finally {
      this.looking = false;
    }
  }
}

async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    say(t("cannot", error instanceof Error ? error.message : String(error)));
    return undefined;
  }
}
