import type { Dataset } from "../data/dataset.ts";
import type { Shown } from "../execute/reports.ts";
import type { Step } from "../plan/plan.ts";
import { type Html, html } from "./html.ts";
import { type Section, wide } from "./section.ts";
import { labelsOf, tileBytes } from "./tile.ts";

/** Where a picture shows an example: a place in the page, and what is said of it there. */
export interface Place {
  readonly id: string;
  readonly text: string;
}

interface Mentioned {
  readonly index: number;
  readonly labels: string;
  readonly places: Place[];
}

/** Bytes that all the examples of a page may take. */
const ROOM = 3e6;
const FEW = 32;

/** Every example that the pictures show, by the data set that it comes from: each has a line of its own, to which the pictures link. */
export class Examples {
  readonly #steps: ReadonlyMap<string, Step>;
  readonly #named: ReadonlySet<string>;
  readonly #sets = new Map<string, Map<number, Mentioned>>();
  #places = 0;
  #room = ROOM;

  /** `named`: the program's names for values, of which a query can be written. */
  constructor(steps: readonly Shown[], named: ReadonlySet<string>) {
    this.#steps = new Map(steps.map(({ step }) => [step.id, step]));
    this.#named = named;
  }

  /** How many of so many examples a picture may show: what a page has room for, but always some. */
  most(wanted: number, data: Dataset): number {
    const bytes = tileBytes(data);
    const count = Math.min(wanted, Math.max(FEW, Math.floor(this.#room / bytes)));
    this.#room -= count * bytes;
    return count;
  }

  /** A name in the page for a place that shows examples. */
  place(): string {
    return `place-${this.#places++}`;
  }

  /** A link to the example's line, and there a link back. */
  link(shown: Shown, at: number, place: Place): Html {
    const index = shown.data!.index[at]!;
    const source = this.#sourceOf(shown.step);
    const known = this.#sets.get(source) ?? new Map<number, Mentioned>();
    this.#sets.set(source, known);
    const mentioned = known.get(index) ?? { index, labels: labelsOf(shown.data!, at), places: [] };
    known.set(index, mentioned);
    mentioned.places.push(place);
    return html`<a href="#${this.#idOf(source, index)}">#${index}</a>`;
  }

  section(): Section | undefined {
    if (this.#sets.size === 0) return undefined;
    const sets = [...this.#sets].map(([source, examples]) =>
      wide(
        `Examples of ${source}`,
        html`<table><caption><code>${source}</code></caption>
<thead><tr><th scope="col">index</th><th scope="col">label</th><th scope="col">in the program</th><th scope="col">shown</th></tr></thead>
<tbody>${[...examples.values()]
          .sort((a, b) => a.index - b.index)
          .map(
            ({ index, labels, places }) =>
              html`<tr id="${this.#idOf(source, index)}"><th scope="row" class="n">#${index}</th><td>${labels}</td><td><code>${this.#query(source, index)}</code></td><td>${places.map(({ id, text }, i) => html`${i === 0 ? "" : "; "}<a href="#${id}">${text}</a>`)}</td></tr>`,
          )}</tbody></table>`,
      ),
    );
    return {
      title: "Examples",
      body: html`<p>Every example that this report shows. Indices count the examples of the source from 0, whatever was asked of it.</p>${sets}`,
    };
  }

  /** Indices always mean the source, whatever was asked of it since. */
  #sourceOf(step: Step): string {
    let at = step;
    while (at.body.kind === "query") {
      const before = this.#steps.get(at.inputs[0] ?? "");
      if (before === undefined) break;
      at = before;
    }
    return at.id;
  }

  #idOf(source: string, index: number): string {
    return `example-${[...this.#sets.keys()].indexOf(source)}-${index}`;
  }

  #query(source: string, index: number): string {
    return this.#named.has(source.split(".")[0]!) ? `${source} |> where(index == ${index})` : `index == ${index}`;
  }
}
