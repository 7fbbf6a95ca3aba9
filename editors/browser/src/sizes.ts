// The sizes of the input to slide: each place of the sliders is tried as `--set input=…`, the text stays as it is.

import {find, make} from "./dom";
import {ask} from "./server";
import {t, translated} from "./texts";

const LETTERS: Record<number, string[]> = {1: ["N"], 2: ["C", "L"], 3: ["C", "H", "W"], 4: ["C", "D", "H", "W"]};
const LARGEST = 4096;

type Shapes = Record<string, number[]>;

export class Sizes {
  private declared: Shapes = {};
  private tried: Shapes | null = null;
  private readonly panel = find("size-sliders");
  private readonly button = find("sizes");
  private readonly told = make("p", {class: "soft told"});

  /** `draw` asks for the picture with such settings; `text` gives what `netspec sizes` is asked about. */
  constructor(private readonly draw: (settings: string[]) => void, private readonly text: () => {name: string; text: string}) {
    this.button.onclick = () => this.toggle();
    translated(() => this.build());
  }

  private toggle(): void {
    const open = this.panel.hidden;
    this.panel.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
    if (open) {
      this.build();
      void this.ask();
    } else this.reset();
  }

  /** Takes the shapes of the inputs that the text itself declares, or that are tried. */
  inputs(network: PictureNode): void {
    const found: Shapes = {};
    for (const node of network.nodes ?? [])
      if (node.kind === "input" && node.outputs[0]) found[node.name] = node.outputs[0].shape;
    if (this.tried) return;
    const same = JSON.stringify(found) === JSON.stringify(this.declared);
    this.declared = found;
    if (!same) this.build();
  }

  /** The text has changed: what it says holds again. */
  forget(): void {
    if (!this.tried) return;
    this.tried = null;
    this.draw([]);
  }

  private reset(): void {
    this.forget();
    this.build();
  }

  private build(): void {
    if (this.panel.hidden) return;
    const rows = Object.entries(this.declared).flatMap(([name, shape]) => shape.map((size, axis) => {
      const letter = LETTERS[shape.length]?.[axis] ?? `${axis}`, label = name === "input" ? letter : `${name} ${letter}`;
      const output = make("output", {}, String(size));
      const slider = make("input", {
        type: "range", min: "1", max: String(Math.min(LARGEST, Math.max(64, size * 2))), value: String(size), "aria-label": label,
        input: () => {
          output.textContent = slider.value;
          this.slide(name, axis, Number(slider.value));
        },
      });
      return make("label", {}, make("b", {}, label), slider, output);
    }));
    this.panel.replaceChildren(
      ...rows, make("button", {type: "button", click: () => this.reset()}, t("asWritten")), this.told);
  }

  private slide(name: string, axis: number, size: number): void {
    this.tried ??= structuredClone(this.declared);
    this.tried[name]![axis] = size;
    const only = Object.keys(this.declared).length === 1 && name === "input";
    const changed = Object.entries(this.tried).filter(([each, shape]) => String(shape) !== String(this.declared[each]));
    this.draw(changed.map(([each, shape]) => `input${only ? "" : `.${each}`}=[${shape.join(", ")}]`));
  }

  private async ask(): Promise<void> {
    this.told.textContent = t("asking");
    try {
      const {told} = await ask<{told: string}>("POST", "sizes", this.text());
      this.told.textContent = told || t("noSizes");
    } catch (error) {
      this.told.textContent = String((error as Error).message);
    }
  }
}
