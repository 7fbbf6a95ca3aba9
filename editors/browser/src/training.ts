// Training: runs started, stopped, resumed and followed; their curves, mistakes and predictions.

import {Curves, type Run} from "./curves";
import {find, make, say} from "./dom";
import {answersOf} from "./predict";
import {scoresOf} from "./scores";
import {ask, route} from "./server";
import {t, translated, type Key} from "./texts";

interface Hooks {save: () => Promise<string | null>; network: () => string}

const STATES: Record<string, Key> = {
  starting: "starting", running: "running", finished: "finished", "stopped early": "stoppedEarly", interrupted: "interrupted", failed: "failed",
};

export class Training {
  private runs = new Map<string, Run>();
  private shown = new Set<string>();
  private current: string | null = null;
  private readonly followed = new Map<string, EventSource>();
  private readonly parts = {
    fold: make("button", {type: "button", class: "end", "aria-controls": "training-body", click: () => this.fold()}),
    train: make("button", {id: "train", class: "main", type: "button", click: () => void this.start()}),
    stop: make("button", {id: "stop", type: "button", click: () => void this.act("stop")}),
    resume: make("button", {id: "resume", type: "button", click: () => void this.act("resume")}),
    epochs: make("input", {id: "epochs", type: "number", min: "1", max: "100000"}),
    state: make("span", {id: "state", role: "status", "aria-live": "polite"}),
    list: make("ul", {id: "runs"}), curves: make("div", {id: "curves"}), more: make("div", {id: "more"}),
    log: make("pre", {id: "log", tabindex: "0"}), drop: make("div", {id: "drop"}),
  };
  private readonly curves = new Curves(this.parts.curves);

  constructor(private readonly home: HTMLElement, private readonly hooks: Hooks) {
    const {fold, train, stop, resume, epochs, state, list, curves, more, log, drop} = this.parts;
    this.home.append(
      make("div", {class: "tools strip", role: "toolbar"}, train, stop, resume, make("label", {}, make("span", {id: "epochs-label"}), epochs), state, fold),
      make("div", {class: "columns", id: "training-body"}, make("div", {class: "side"}, list, drop), make("div", {class: "body"}, curves, more, log)));
    this.home.addEventListener("dragover", event => { event.preventDefault(); this.home.classList.add("over"); });
    this.home.addEventListener("dragleave", () => this.home.classList.remove("over"));
    this.home.addEventListener("drop", event => {
      event.preventDefault();
      this.home.classList.remove("over");
      this.predict([...event.dataTransfer?.files ?? []]);
    });
    translated(() => this.tell());
    void this.load();
  }

  private fold(): void {
    this.home.classList.toggle("folded");
    this.tell();
  }

  private async load(): Promise<void> {
    const {runs, active} = await ask<{runs: Run[]; active: string[]}>("GET", "runs");
    this.runs = new Map(runs.map(run => [run.name, run]));
    for (const name of active) this.follow(name);
    if (runs[0]) this.choose(active[0] ?? runs[0].name);
    this.tell();
  }

  /** Chooses a run: its curves and what else is known of it are shown. */
  private choose(name: string): void {
    this.current = name;
    this.shown = new Set([name]);
    this.parts.more.replaceChildren();
    this.tell();
  }

  private run(): Run | undefined {
    return this.current === null ? undefined : this.runs.get(this.current);
  }

  private async start(): Promise<void> {
    await this.attempt(async () => {
      const spec = await this.hooks.save();
      if (spec === null) return;
      const {name} = await ask<{name: string}>("POST", "runs", {spec, network: this.hooks.network(), settings: this.settings()});
      this.runs = new Map([[name, {name, spec, status: "starting", rows: [], active: true}], ...this.runs]);
      this.choose(name);
      this.follow(name);
    });
  }

  private settings(): string[] {
    const {value} = this.parts.epochs;
    return value ? [`train.epochs=${Number(value)}`] : [];
  }

  private async act(what: "stop" | "resume"): Promise<void> {
    const name = this.current;
    if (name === null) return;
    await this.attempt(async () => {
      await ask("POST", route("runs", name, what), what === "resume" ? {settings: this.settings()} : {});
      if (what === "resume") this.follow(name);
    });
  }

  private follow(name: string): void {
    this.followed.get(name)?.close();
    const events = new EventSource(route("runs", name, "follow"));
    this.followed.set(name, events);
    events.onmessage = event => {
      const run = JSON.parse(event.data as string) as Run;
      this.runs.set(name, run);
      if (!run.active) {
        events.close();
        this.followed.delete(name);
        if (run.status === "failed" || run.code === 1 || run.code === 2) say(t("failedTip", name));
      }
      this.tell();
    };
    events.onerror = () => {
      if (events.readyState === EventSource.CLOSED) this.followed.delete(name);
    };
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      say(t("cannot", (error as Error).message));
    }
  }

  private tell(): void {
    const {fold, train, stop, resume, state, list, log} = this.parts, folded = this.home.classList.contains("folded");
    fold.textContent = folded ? "▴" : "▾";
    fold.title = t(folded ? "unfoldRuns" : "foldRuns");
    fold.setAttribute("aria-label", fold.title);
    fold.setAttribute("aria-expanded", String(!folded));
    fold.hidden = !this.runs.size;
    const run = this.run(), active = run?.active ?? false;
    this.home.querySelector("[role=toolbar]")!.setAttribute("aria-label", t("training"));
    train.textContent = t("train");
    train.title = t("trainTip");
    stop.textContent = t("stop");
    stop.disabled = !active;
    resume.textContent = t("resume");
    resume.disabled = active || !run?.resumable;
    find("epochs-label").textContent = `${t("epochs")} `;
    this.parts.epochs.placeholder = t("asInSpec");
    list.setAttribute("aria-label", t("runs"));
    log.setAttribute("aria-label", t("log"));
    state.textContent = run ? `${run.name}: ${t(STATES[run.status] ?? "unknown")}${this.epoch(run)}` : t("noRuns");
    state.className = run?.status === "failed" ? "error" : "";
    list.replaceChildren(...[...this.runs.values()].map(each => this.line(each)));
    const shown = [...this.shown].map(name => this.runs.get(name)).filter(each => each !== undefined);
    this.curves.show(shown);
    log.textContent = (run?.lines ?? []).join("\n");
    log.hidden = !run?.lines?.length || (!active && run.status === "finished");
    this.offer(run);
  }

  private epoch(run: Run): string {
    const last = run.rows[run.rows.length - 1];
    return last ? `, ${t("epoch", String(last.epoch))}` : "";
  }

  private line(run: Run): HTMLElement {
    const box = make("input", {type: "checkbox", "aria-label": t("compareWith", run.name), change: () => {
      if (box.checked) this.shown.add(run.name);
      else this.shown.delete(run.name);
      if (this.shown.size > 1) void this.compare();
      this.tell();
    }});
    box.checked = this.shown.has(run.name);
    const name = make("button", {type: "button", class: "plain", click: () => this.choose(run.name)},
      make("b", {}, run.name), make("span", {class: "soft"}, ` ${t(STATES[run.status] ?? "unknown")}`));
    if (run.name === this.current) name.setAttribute("aria-current", "true");
    return make("li", {}, box, name);
  }

  private async compare(): Promise<void> {
    await this.attempt(async () => {
      const names = [...this.shown], found = await ask<{runs: {settings?: Record<string, unknown>; best?: Record<string, unknown>}[]}>("POST", "compare", {names});
      const rows = (key: "settings" | "best") => {
        const keys = [...new Set(found.runs.flatMap(run => Object.keys(run[key] ?? {})))];
        return keys.map(each => make("tr", {}, make("th", {scope: "row"}, each),
          ...found.runs.map(run => make("td", {}, shortly(run[key]?.[each])))));
      };
      this.parts.more.replaceChildren(make("table", {class: "compared"},
        make("thead", {}, make("tr", {}, make("td"), ...names.map(name => make("th", {scope: "col"}, name)))),
        make("tbody", {}, ...rows("settings"), ...rows("best"))));
    });
  }

  // What can be asked of a run that has learned something.
  private offer(run: Run | undefined): void {
    const {drop} = this.parts, usable = !!run && run.rows.length > 0;
    drop.hidden = !usable;
    if (!usable || drop.dataset.of === `${run.name} ${t("train")}`) return;
    drop.dataset.of = `${run.name} ${t("train")}`;
    const files = make("input", {type: "file", id: "sample", "aria-label": t("predictTip"), change: () => {
      this.predict([...files.files ?? []]);
      files.value = ""; // so that the same one can be chosen again
    }});
    drop.replaceChildren(
      make("button", {type: "button", id: "scores", click: () => void this.scores()}, t("scores")),
      make("label", {for: "sample"}, t("predictTip")), files, make("div", {id: "answers", "aria-live": "polite"}));
  }

  private async scores(): Promise<void> {
    const run = this.run();
    if (!run) return;
    this.parts.more.replaceChildren(make("p", {class: "soft", role: "status"}, t("asking")));
    await this.attempt(async () => {
      const shown = await scoresOf(run);
      if (this.run()?.name === run.name) this.parts.more.replaceChildren(...shown);
    });
  }

  private predict(files: File[]): void {
    const run = this.run(), place = document.getElementById("answers");
    if (run && place) for (const file of files.slice(0, 20)) void this.attempt(async () => { await answersOf(run.name, file, place); });
  }
}

function shortly(value: unknown): string {
  return value === undefined || value === null ? "–" : typeof value === "number" && !Number.isInteger(value) ? value.toPrecision(4) : String(value);
}
