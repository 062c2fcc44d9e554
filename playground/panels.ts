import type { Diagnostic, Fix } from "../src/diagnostic/diagnostic.ts";
import { renderHuman } from "../src/diagnostic/human.ts";
import { pages } from "../src/generated/pages.ts";
import type { Program } from "../src/lsp/workspace.ts";
import type { Drawing } from "../src/plan/drawing.ts";
import { planDrawing } from "../src/plan/graph.ts";
import type { Network } from "../src/plan/network.ts";
import { networkDrawing } from "../src/plan/network-drawing.ts";
import { toSvg } from "../src/plan/svg.ts";
import { networkTable } from "../src/plan/table.ts";
import { showBytes } from "../src/shape/tensor.ts";

type Child = Node | string;

const element = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { class: name, ...rest }: { readonly class?: string; readonly title?: string } = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] => {
  const made = Object.assign(document.createElement(tag), rest);
  if (name !== undefined) made.className = name;
  made.append(...children);
  return made;
};

/** What there is to say of the program, as the terminal shows it, each with its page of `mtt explain`. */
export function showProblems(panel: Element, { compiled, texts }: Program, doing: Doing): void {
  const { diagnostics } = compiled;
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  const counts = [counted(errors, "error"), counted(diagnostics.length - errors, "warning")];
  panel.replaceChildren(
    element(
      "p",
      { class: errors > 0 ? "summary wrong" : "summary" },
      diagnostics.length === 0 ? "Nothing to mend." : counts.filter((count) => count !== "").join(", "),
    ),
    ...diagnostics.map((diagnostic) => problem(diagnostic, texts, doing)),
  );
}

/** What a message offers. */
export interface Doing {
  readonly go: (offset: number) => void;
  readonly mend: (fix: Fix) => void;
}

const counted = (n: number, word: string): string => (n === 0 ? "" : `${n} ${word}${n === 1 ? "" : "s"}`);

const button = (text: string, title: string, press: () => void): Element => {
  const made = element("button", { title }, text);
  made.type = "button";
  made.addEventListener("click", press);
  return made;
};

function problem(diagnostic: Diagnostic, texts: ReadonlyMap<string, string>, { go, mend }: Doing): Element {
  const { code, severity, span, fixes } = diagnostic;
  // The last line counts what is shown: one.
  const text = renderHuman([diagnostic], texts, { color: false }).trimEnd().split("\n").slice(0, -2).join("\n");
  const page = pages.get(code);
  return element(
    "article",
    { class: severity },
    element("pre", {}, text),
    element(
      "p",
      { class: "actions" },
      button(code, "Go to its place", () => go(span.start)),
      ...fixes.map((fix) => button(fix.title, "Change the program so", () => mend(fix))),
    ),
    ...(page === undefined
      ? []
      : [
          element("details", {}, element("summary", {}, `What ${code} means`), element("pre", { class: "page" }, page)),
        ]),
  );
}

/** The networks stage by stage, and as pictures; the last right program's, faded, while the text is wrong. */
export class ShapesPanel {
  readonly #tables: Element;
  readonly #picture: Element;
  readonly #choice: HTMLSelectElement;
  #drawings: readonly Drawing[] = [];
  #drawn = "";

  constructor(tables: Element, picture: Element, choice: HTMLSelectElement) {
    this.#tables = tables;
    this.#picture = picture;
    this.#choice = choice;
    choice.addEventListener("change", () => this.#draw());
  }

  show({ compiled: { networks, plan } }: Program): void {
    const wrong = plan === undefined;
    for (const part of [this.#tables, this.#picture]) part.classList.toggle("stale", wrong);
    if (wrong) return;
    this.#tables.replaceChildren(
      ...(networks.length === 0
        ? [element("p", {}, "The program has no network whose sizes are known.")]
        : networks.map(table)),
    );
    this.#drawings = [...networks.map(networkDrawing), ...(plan.steps.length > 0 ? [planDrawing(plan)] : [])];
    const chosen = this.#choice.selectedIndex;
    const names = this.#drawings.map(({ name }) => (name === "plan" ? "the plan" : name));
    if (names.join("\n") !== [...this.#choice.options].map(({ text }) => text).join("\n")) {
      this.#choice.replaceChildren(...names.map((name) => element("option", {}, name)));
      this.#choice.selectedIndex = chosen >= 0 && chosen < names.length ? chosen : 0;
    }
    this.#draw();
  }

  #draw(): void {
    const drawing = this.#drawings[this.#choice.selectedIndex];
    const key = JSON.stringify(drawing ?? null);
    if (key === this.#drawn) return;
    this.#drawn = key;
    if (drawing === undefined) {
      this.#picture.replaceChildren();
      return;
    }
    toSvg(drawing).then((svg) => {
      if (this.#drawn !== key) return;
      // Graphviz escapes the labels.
      this.#picture.innerHTML = svg;
      const picture = this.#picture.querySelector("svg");
      picture?.setAttribute("role", "img");
      picture?.setAttribute("aria-label", drawing.name === "plan" ? "The plan" : `The network ${drawing.name}`);
    });
  }
}

function table(network: Network): Element {
  const rows = networkTable(network);
  const numbers = (n: number): string => (n === 0 ? "" : n.toLocaleString("en"));
  return element(
    "table",
    {},
    element("caption", {}, network.name),
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        ...["stage", "output", "parameters", "FLOPs", "activations"].map((head) => element("th", {}, head)),
      ),
    ),
    element(
      "tbody",
      {},
      ...rows.map(({ stage, output, weights, parameters, flops, activations }, i) =>
        element(
          "tr",
          { class: i === rows.length - 1 ? "total" : "" },
          element("td", {}, element("code", {}, stage)),
          element("td", {}, element("code", {}, output)),
          element("td", { class: "number", title: weights.join(", ") }, numbers(parameters)),
          element("td", { class: "number" }, numbers(flops)),
          element("td", { class: "number" }, activations === 0 ? "" : showBytes(activations)),
        ),
      ),
    ),
  );
}
