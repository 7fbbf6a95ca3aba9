// Curves of metrics over epochs, a panel for each kind of metric, several runs in one.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import {make} from "./dom";

export interface Run {
  name: string; spec?: string; status: string; rows: Record<string, number | string | null>[]; best?: number | null; classes?: string[];
  picture?: boolean; pictures?: string[]; resumable?: boolean; active?: boolean; code?: number | null; lines?: string[];
}

const HIDDEN = new Set(["epoch", "seconds", "samples_per_second", "lr"]);
const COLORS = ["#2f6fde", "#e8853a", "#2a9d6f", "#7a3fd1", "#c8102e", "#0e9aa7", "#b58900", "#d6569a"];
const HEIGHT = 190, NARROWEST = 220;

/** `train_loss` and `val_loss` are of one kind, `loss`. */
const kindOf = (name: string) => name.replace(/^(train|val)_/, "");

/** What a screen reader is told instead of a curve. */
function inWords(runs: Run[], kind: string): string {
  return runs.map(({name, rows}) => {
    const last = rows[rows.length - 1] ?? {};
    const values = Object.entries(last).filter(([key, value]) => kindOf(key) === kind && typeof value === "number");
    return `${name}: ${values.map(([key, value]) => `${key} ${(value as number).toPrecision(4)}`).join(", ")}`;
  }).join("; ");
}

export class Curves {
  private plots: uPlot[] = [];
  private shape = "";

  constructor(private readonly home: HTMLElement) {
    new ResizeObserver(() => this.fit()).observe(home);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { this.shape = ""; });
  }

  /** Draws runs; while only further epochs come, the panels stay. */
  show(runs: Run[]): void {
    const kinds = new Map<string, Set<string>>();
    for (const run of runs)
      for (const row of run.rows)
        for (const [key, value] of Object.entries(row))
          if (!HIDDEN.has(key) && typeof value === "number") kinds.set(kindOf(key), (kinds.get(kindOf(key)) ?? new Set()).add(key));
    const theme = getComputedStyle(document.body).color;
    const shape = JSON.stringify([theme, runs.map(run => run.name), [...kinds].map(([kind, keys]) => [kind, [...keys]])]);
    const data = [...kinds].map(([, keys]) => this.dataOf(runs, [...keys]));
    if (shape === this.shape) {
      this.plots.forEach((plot, index) => plot.setData(data[index]!));
    } else {
      for (const plot of this.plots) plot.destroy();
      this.home.replaceChildren();
      this.shape = shape;
      this.plots = [...kinds].map(([kind, keys], index) => this.panel(runs, kind, [...keys], data[index]!));
    }
    [...this.home.children].forEach((panel, index) => panel.setAttribute("aria-label", `${[...kinds.keys()][index]}. ${inWords(runs, [...kinds.keys()][index]!)}`));
  }

  private dataOf(runs: Run[], keys: string[]): uPlot.AlignedData {
    const epochs = [...new Set(runs.flatMap(run => run.rows.map(row => Number(row.epoch))))].sort((a, b) => a - b);
    const lines = runs.flatMap(run => {
      const rows = new Map(run.rows.map(row => [Number(row.epoch), row]));
      return keys.map(key => epochs.map(epoch => {
        const value = rows.get(epoch)?.[key];
        return typeof value === "number" ? value : null;
      }));
    });
    return [epochs, ...lines];
  }

  private panel(runs: Run[], kind: string, keys: string[], data: uPlot.AlignedData): uPlot {
    const home = make("div", {class: "panel", role: "img"}, make("h3", {}, kind));
    this.home.append(home);
    const style = getComputedStyle(document.body), ink = style.color, edge = style.getPropertyValue("--edge") || "#aaa";
    const axis = {stroke: ink, grid: {stroke: edge, width: 0.5}, ticks: {stroke: edge, width: 0.5}};
    const series = runs.flatMap((run, index) => keys.map(key => ({
      label: runs.length > 1 ? `${run.name} ${key}` : key,
      stroke: COLORS[(runs.length > 1 ? index : keys.indexOf(key)) % COLORS.length]!,
      dash: key.startsWith("train_") ? [4, 3] : undefined, width: 1.5, spanGaps: true, points: {show: data[0].length < 2},
    })));
    return new uPlot({
      width: this.width(), height: HEIGHT, scales: {x: {time: false}}, axes: [{...axis, values: (_, all) => all.map(each => Number.isInteger(each) ? String(each) : "")}, axis],
      series: [{label: "epoch"}, ...series], legend: {live: true},
    }, data, home);
  }

  private width(): number {
    const wide = this.home.clientWidth, columns = Math.max(1, Math.floor(wide / 340));
    return Math.max(NARROWEST, Math.floor(wide / columns) - 16);
  }

  private fit(): void {
    for (const plot of this.plots) if (plot.width !== this.width()) plot.setSize({width: this.width(), height: HEIGHT});
  }
}
