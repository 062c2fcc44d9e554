import * as Effect from "effect/Effect";
import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/compile.ts";
import { describeData } from "../../src/data/describe.ts";
import { makeColumn, makeSource } from "../../src/data/view.ts";
import type { Arrays } from "../../src/execute/outcome.ts";
import type { ReportSource, Shown } from "../../src/execute/reports.ts";
import type { Json } from "../../src/plan/json.ts";
import type { Step } from "../../src/plan/plan.ts";
import { html } from "../../src/report/html.ts";
import { bootstrapMean, wilson } from "../../src/report/intervals.ts";
import { Range, Spread } from "../../src/report/pictures/histogram.ts";
import { renderReport } from "../../src/report/report.ts";
import { tensor } from "../../src/shape/tensor.ts";

const program = (show: string): string => `
let digits = glyphs(n: 60, seed: 1)
network Net(image: f32[28, 28, 1]) -> f32[10] = image |> flatten |> dense(10)
train model { network: Net, data: digits.train, loss: softmax_cross_entropy, optimizer: sgd(rate: 0.1), batch: 10, epochs: 3 }
train other = model with { seed: 2 }
evaluate on_test { model: model, data: digits.test }
influence blame { model: model, test: digits.test |> take(1), method: grad_dot() }
influence own { model: model, test: self, method: grad_dot() }
validate loo { influence: blame, by: leave_one_out(count: 3) }
report results { show: [${show}], title: "Two <models>" }
`;

const history = [
  { loss: 2, accuracy: 0.25 },
  { loss: 1.5, accuracy: 0.5, validation_loss: 1.75 },
];
const figures: Readonly<Record<string, { readonly [name: string]: Json }>> = {
  data: { count: 60, origin: "glyphs (fallback of mnist)", hash: "ab" },
  train: { epochs: 2, loss: 1.5, accuracy: 0.5, history },
  evaluate: { accuracy: 0.75, loss: 0.5, count: 4 },
};
const arrays: Readonly<Record<string, Arrays>> = {
  examples: {
    losses: tensor("f64", [4], [0, 0.5, 0.5, 1]),
    confusion: tensor("i32", [2, 2], [3, 1, 0, 2]),
  },
};
const image = { name: "image", type: { dtype: "f32", shape: [2, 2, 1] } } as const;
const label = { name: "label", type: { dtype: "i32", shape: [] }, classes: 10 } as const;
const pictures = makeSource(
  [makeColumn(image, Uint8Array.of(0, 255, 255, 0, 9, 9, 9, 9), 1 / 255), makeColumn(label, Uint8Array.of(7, 3))],
  "two",
);

const shown = (step: Step, more: Partial<Shown> = {}): Shown => ({
  step,
  key: "0123456789abcdef".repeat(4),
  seconds: 1.25,
  status: "ran",
  figures: figures[step.body.kind] ?? {},
  arrays: (group) => Effect.succeed(arrays[group] ?? {}),
  ...(step.body.kind === "data" || step.body.kind === "query" ? { data: pictures } : {}),
  rows: () => Effect.succeed(undefined),
  ...more,
});

/** The report of the program's plan over figures of our own. */
const render = (show: string, more: Partial<Shown> = {}, name = "p", warnings: ReportSource["warnings"] = []) => {
  const { plan, diagnostics } = compile("p.mtt", new Map([["p.mtt", program(show)]]));
  expect(diagnostics).toEqual([]);
  const report = plan!.steps.find(({ body }) => body.kind === "report")!;
  const byId = new Map(plan!.steps.map((step) => [step.id, shown(step, more)]));
  const { body } = report;
  if (body.kind !== "report") throw new TypeError();
  const source: ReportSource = {
    program: name,
    name: report.id,
    ...(body.title === undefined ? {} : { title: body.title }),
    show: body.show,
    inputs: report.inputs.map((id) => byId.get(id)!),
    steps: plan!.steps.filter((step) => step !== report).map(({ id }) => byId.get(id)!),
    made: Date.UTC(2026, 10, 29, 12, 30),
    warnings,
    about: {
      texts: new Map([["p.mtt", program(show)]]),
      pathOf: (file) => file,
      warnings: [],
      params: { epochs: "3" },
      environment: { engine: "reference/1/cpu" },
    },
  };
  return renderReport(source);
};
const page = (show: string, more: Partial<Shown> = {}, name?: string) => Effect.runPromise(render(show, more, name));
const refusal = (show: string, more: Partial<Shown> = {}) => Effect.runPromise(Effect.flip(render(show, more)));

describe("html", () => {
  it("escapes what is put in, and nothing that is a piece", () => {
    const evil = `<script>alert("it's & me")</script>`;
    const safe = "&lt;script&gt;alert(&quot;it&#39;s &amp; me&quot;)&lt;/script&gt;";
    expect(html`<p title="${evil}">${evil}${[evil, html`<b>${1}</b>`]}${undefined}</p>`.html).toBe(
      `<p title="${safe}">${safe}${safe}<b>1</b></p>`,
    );
  });
});

describe("a report", () => {
  it("is one file that loads nothing, light and dark", async () => {
    const text = await page("summary(Net), curves(model), confusion(on_test), histogram(on_test)");
    expect(text).toMatch(/^<!doctype html>/);
    expect(text).toContain("prefers-color-scheme: dark");
    const links = [...text.matchAll(/(?:src|href|url|@import)\s*[=(]\s*["']?([^"')\s>]+)/g)].map((match) => match[1]!);
    expect(links.filter((link) => !link.startsWith("data:") && !link.startsWith("#"))).toEqual([]);
    expect(text).not.toMatch(/<script|<link|<iframe/);
  });

  it("says what ran on which data, and what came out", async () => {
    const text = await page("summary(Net)");
    expect(text).toContain("<h1>Two &lt;models&gt;</h1>");
    expect(text).toContain('<td class="warn">glyphs (fallback of mnist)</td>');
    expect(text).toContain("0.75");
    expect(text).toContain("<b>0123456789ab</b>cdef");
    expect(text).toMatch(/<p>(\d+) computed by the run that wrote this page, in [\d.]+ s\.<\/p>/);
    expect(text).toContain('<th scope="row">engine</th><td>reference/1/cpu</td>');
    expect(text).toContain('<th scope="row">--set epochs</th><td>3</td>');
    expect(text).toContain('<time datetime="2026-11-29T12:30:00.000Z">2026-11-29 12:30 UTC</time>');
    expect(text).toContain("1.3 s");
  });

  it("escapes the names in it", async () => {
    const text = await page("summary(Net)", {}, "<b>&");
    expect(text).toContain('<p class="program">&lt;b&gt;&amp;, ');
    expect(text).not.toContain("<b>&");
  });

  it("says before all else what was warned of, with place and help, as text", async () => {
    const evil = "<img src=x onerror=alert(1)> & `<b>`";
    const said = { code: "MTT5002", message: `no minimum: ${evil}`, help: "train longer", step: "blame" } as const;
    const at = { file: "p.mtt", line: 7, column: 11, text: "influence <blame>" };
    const text = await Effect.runPromise(
      render("summary(Net)", {}, "p", [{ ...said, notes: [`at most ${evil}`], at }]),
    );
    expect(text).toContain('<h2 id="title-0">1 warning</h2>');
    expect(text).toContain('<b class="warn">MTT5002</b> <code>blame</code>: no minimum: &lt;img');
    expect(text).toContain("&amp; <code>&lt;b&gt;</code>");
    expect(text).toContain("help: train longer");
    expect(text).toContain('<a href="#program-0">p.mtt:7:11</a> <code>influence &lt;blame&gt;</code>');
    expect(text).not.toContain("<img src=x");
    expect(await page("summary(Net)")).not.toMatch(/\d warning/);
  });

  it("has the same bytes each time, whatever was drawn before", async () => {
    const show = "curves([model, other]), histogram(on_test)";
    const first = await page(show);
    await page("curves(model)");
    expect(await page(show)).toBe(first);
    expect(first).not.toMatch(/\bzr\d|ecmeta/);
  });
});

describe("pictures", () => {
  it("summary: every stage of a network, or of a model's", async () => {
    for (const of of ["Net", "model"]) {
      const text = await page(`summary(${of})`);
      expect(text).toContain('<th scope="row"><code>dense(10)</code></th>');
      expect(text).toMatch(/<li>.*28 × 28 × 1.*image.*784.*flatten.*10.*dense\(10\)/s);
      expect(text).toContain('<td class="n">7,850</td>');
    }
  });

  it("curves: a line for training and one for validation, of every model", async () => {
    const one = await page("curves(model)");
    expect(one).toContain('aria-label="loss over 2 epochs"');
    expect(one).toContain('aria-label="accuracy over 2 epochs"');
    expect(one).toMatch(/>training<\/text>/);
    expect(one).toMatch(/>validation<\/text>/);
    expect(one).toContain("after 2 epochs: loss 1.5, accuracy 0.5, validation loss 1.75");
    expect(await page("curves([model, other])")).toMatch(/>other, training<\/text>/);
    expect(await page("curves(model)", { figures: { loss: 1 } })).toContain("No epoch to show: model");
  });

  it("confusion: counts, and the share of each class that is right", async () => {
    const text = await page("confusion(on_test)");
    expect(text).toMatch(/class="n hit" style="--share:75%" title="0 taken for 0: 3">3</);
    expect(text).toMatch(/class="n miss" style="--share:25%" title="0 taken for 1: 1">1</);
    expect(text).toContain("75.0 %");
    expect(text).toContain("100.0 %");
    const nothing = await refusal("confusion(on_test)", { arrays: () => Effect.succeed({}) });
    expect(nothing).toMatchObject({
      code: "MTT5406",
      message: "`on_test` classifies nothing, so it has no confusions",
    });
  });

  const spread = (parts: readonly (readonly number[])[], bins: number) => {
    const range = new Range();
    for (const part of parts) range.add(part);
    const counted = new Spread(range, bins);
    for (const part of parts) counted.add(part);
    return { edges: counted.edges, counts: counted.counts };
  };

  it("histogram: counts of equal bins", async () => {
    expect(
      spread(
        [
          [0, 0.5],
          [0.5, 1, Number.NaN],
        ],
        2,
      ),
    ).toEqual({ edges: [0, 0.5, 1], counts: [1, 3] });
    expect(spread([[3, 3]], 40)).toEqual({ edges: [3, 4], counts: [2] });
    const text = await page("histogram(on_test, bins: 2)");
    expect(text).toContain("4 values of loss of on_test, from 0 to 1");
  });

  it("scatter: predicted against retrained change, and where they would be equal", async () => {
    const points = { predicted: tensor("f64", [1, 3], [-1, 0, 2]), actual: tensor("f64", [1, 3], [-2, 0, 4]) };
    const of = (group: string) => Effect.succeed(group === "points" ? points : {});
    const text = await page("scatter(loo)", { figures: { pearson: 1, intervals: {} }, arrays: of });
    expect(text).toContain('aria-label="predicted against retrained change, loo"');
    expect(text).toContain("<figcaption>pearson 1</figcaption>");
    expect(text.match(/stroke-dasharray/g)).toHaveLength(1);
    const many = tensor(
      "f64",
      [1, 12_000],
      Array.from({ length: 12_000 }, (_, i) => i),
    );
    const heavy = { arrays: () => Effect.succeed({ predicted: many, actual: many }) };
    expect(await page("scatter(loo.points)", heavy)).toContain("one point of every 3 is shown");
    expect(await refusal("scatter(loo)", { arrays: () => Effect.succeed({}) })).toMatchObject({ code: "MTT5406" });
  });

  it("certificate: what an influence measured of its own result, with its time and memory", async () => {
    const text = await page("certificate(blame)", {
      figures: { method: "cg", residual: 1.25e-5, scoring: "forward", residuals: [1.25e-5] },
      cost: { seconds: 207.2, solving_seconds: 204.9, scoring_seconds: 2.31, peak_memory: 688_900_000 },
    });
    const rows = [...text.matchAll(/<tr><th scope="row">([^<]*)<\/th><td>([^<]*)<\/td>/g)].map(([, name, value]) => [
      name,
      value,
    ]);
    expect(rows).toEqual(
      expect.arrayContaining([
        ["method", "cg"],
        ["residual", "1.250e-5"],
        ["scoring", "forward"],
        ["time", "3 min 27 s"],
        ["solving time", "3 min 25 s"],
        ["scoring time", "2.3 s"],
        ["peak memory", "689 MB"],
      ]),
    );
  });

  it("table: figures by name, of steps, records and lists", async () => {
    const text = await page('table(on_test), table(on_test.accuracy, title: "One"), table([model, on_test])');
    expect(text).toContain('<tr><th scope="row">on_test.accuracy</th><td class="n">0.75</td></tr>');
    expect(text).toMatch(/<h2[^>]*>One<\/h2>/);
    expect(text).toContain('<th scope="row">model.loss</th>');
  });

  it("gallery: pixels of a data set as pictures in the page", async () => {
    const text = await page("gallery(digits.test |> take(2), top: 1)");
    const [, png = ""] = /src="data:image\/png;base64,([^"]+)"/.exec(text) ?? [];
    expect(Buffer.from(png, "base64").subarray(1, 4).toString()).toBe("PNG");
    expect(text).toContain('alt="label 7 (example 0)"');
    expect(text.match(/<img /g)).toHaveLength(1);
  });

  const rowsOf =
    (...scores: readonly number[]): Shown["rows"] =>
    (file) =>
      Effect.succeed(file === "scores.npy" ? tensor("f64", [1, scores.length], scores) : undefined);

  it("histogram: an influence's scores, for all test examples, for one, and of the examples on themselves", async () => {
    for (const of of ["blame", "blame.scores"]) {
      const text = await page(`histogram(${of}, bins: 4)`, { rows: rowsOf(-0.25, 0.5, 0, 0) });
      expect(text).toContain('aria-label="histogram of score of blame"');
      // `two` has two examples, so the query two rows.
      expect(text).toContain("8 values of score of blame, from -0.25 to 0.5");
    }
    const one = await page("histogram(blame |> of_test(1))", { rows: rowsOf(-0.25, 0.5, 0) });
    expect(one).toContain("3 values of score of blame, test example 1, from -0.25 to 0.5");
    const totals: Arrays = { totals: tensor("f64", [3], [0.25, 4, 1]) };
    const own = await page("histogram(own)", { arrays: () => Effect.succeed(totals) });
    expect(own).toContain("3 values of score of own, from 0.25 to 4");
    expect(await refusal("histogram(blame |> of_test(2))", { rows: rowsOf(1) })).toMatchObject({ code: "MTT5653" });
    expect(await refusal("histogram(blame)")).toMatchObject({ code: "MTT5406" });
  });

  it("gallery: a test example beside what helped and what harmed it, with their scores", async () => {
    const figures = { measure: "softmax_cross_entropy" };
    const text = await page("gallery(blame, top: 1)", { rows: rowsOf(-0.25, 0.5), figures });
    expect(text).toContain("by how much softmax_cross_entropy would change");
    const [, helpful = "", harmful = ""] = text.split(/<h4>Most (?:helpful|harmful)[^<]*<\/h4>/);
    expect(helpful).toContain('alt="label 3 (example 1)"');
    expect(helpful).toContain("+0.5");
    expect(harmful).toContain('alt="label 7 (example 0)"');
    expect(harmful).toContain("-0.25");
  });

  it("gallery: nothing is called harmful that helps", async () => {
    const text = await page("gallery(blame)", { rows: rowsOf(0.125, 0.5) });
    const [, helpful = "", harmful = ""] = text.split(/<h4>Most (?:helpful|harmful)[^<]*<\/h4>/);
    expect(helpful.match(/<img /g)).toHaveLength(2);
    expect(harmful.split("</article>")[0]).not.toContain("<img ");
  });

  it("gallery: of what `top:` kept, by indices in the source", async () => {
    const top: Arrays = {
      helpful_index: tensor("i32", [1, 1], [1]),
      helpful_score: tensor("f64", [1, 1], [2]),
      harmful_index: tensor("i32", [1, 1], [0]),
      harmful_score: tensor("f64", [1, 1], [-3]),
    };
    const text = await page("gallery(blame)", { arrays: (group) => Effect.succeed(group === "top" ? top : {}) });
    expect(text).toMatch(/example 1\)".*\+2<.*Most harmful.*example 0\)".*-3</s);
  });

  it("gallery: says so where no example has a score", async () => {
    expect(await refusal("gallery(blame)", { arrays: () => Effect.succeed({}) })).toMatchObject({ code: "MTT5406" });
  });

  it("gallery: a test example that is not there is refused, as a query over its scores is", async () => {
    expect(await refusal("gallery(blame |> of_test(2))", { rows: rowsOf(1, 2) })).toMatchObject({ code: "MTT5653" });
    expect((await page("gallery(blame |> of_test(1))", { rows: rowsOf(1, 2) })).match(/<article /g)).toHaveLength(1);
  });

  it("gallery: of self-influence, the largest first", async () => {
    const totals: Arrays = { totals: tensor("f64", [2], [0.25, 4]) };
    const text = await page("gallery(own)", { arrays: () => Effect.succeed(totals) });
    expect(text).toMatch(/example 1\)".*\+4<.*example 0\)".*\+0.25</s);
    expect(text).not.toContain("Most harmful");
  });

  it("gallery: examples that are no images are shown by their numbers", async () => {
    const field = { name: "x", type: { dtype: "f32", shape: [8] } } as const;
    const values = Float32Array.from({ length: 16 }, (_, i) => i / 2);
    const data = makeSource([makeColumn(field, values, 1), makeColumn(label, Uint8Array.of(7, 3))], "rows");
    const text = await page("gallery(blame, top: 1)", { data, rows: rowsOf(-1, 1) });
    expect(text).toMatch(/<th scope="row">x<\/th><td class="n"><svg class="line".*4, 4.5, 5, 5.5, 6, 6.5 … \(8\)/);
    expect(text).not.toContain("<img ");
  });

  it("gallery: rows of a table are shown by their fields, of a data set as of an influence", async () => {
    const scalar = (name: string) => ({ name, type: { dtype: "f32", shape: [] } }) as const;
    const data = makeSource(
      [
        makeColumn(scalar("age"), Float32Array.of(20, 64), 1),
        makeColumn(scalar("height"), Float32Array.of(1.5, 1.75), 1),
        makeColumn(label, Uint8Array.of(7, 3), 1),
      ],
      "rows",
    );
    const text = await page("gallery(digits.train, top: 1), gallery(blame, top: 1)", { data, rows: rowsOf(-1, 1) });
    expect(text).toContain("The first 1 of 2.");
    expect(text).toContain('<tr><th scope="row">age</th><td class="n">64</td></tr>');
    expect(text).toContain('<tr><th scope="row">height</th><td class="n">1.5</td></tr>');
  });

  it("gallery: each example links to a line that says what it is, where it is shown and how to ask for it", async () => {
    const text = await page("gallery(blame, top: 1), gallery(digits.train, top: 1)", { rows: rowsOf(-0.25, 0.5) });
    const lines = [...text.matchAll(/<tr id="([^"]+)"><th scope="row" class="n">#(\d+)<.*?<\/tr>/g)];
    expect(lines.map(([, , index]) => index)).toEqual(["0", "1", "0", "1"]);
    for (const [line, id] of lines) {
      expect(text).toContain(`<a href="#${id}">`);
      for (const [, back] of line.matchAll(/<a href="#([^"]+)">/g)) expect(text).toContain(`id="${back}"`);
    }
    expect(lines[3]![0]).toContain("<code>digits.train |&gt; where(index == 1)</code>");
    expect(lines[3]![0]).toContain('">blame, test #0 (+0.5)</a>; <a href="#place-1">');
    expect(lines[2]![0]).toContain('<a href="#place-2">examples of digits.train</a>');
  });

  it("gallery: what the model took a test example for, where it was evaluated on the same data", async () => {
    const described = describeData(pictures);
    const of = (group: string) =>
      Effect.succeed<Arrays>(group === "examples" ? { predicted: tensor("i32", [2], [5, 3]) } : {});
    const more = { described, arrays: of, rows: rowsOf(-0.25, 0.5) };
    expect(await page("gallery(blame, top: 1), table(on_test)", more)).toContain("<br>taken for 5<");
    // Of other data nothing is said.
    const other = { ...described, source: "another" };
    expect(await page("gallery(blame, top: 1), table(on_test)", { ...more, described: other })).not.toContain(
      "taken for",
    );
  });

  it("gallery: however many are asked for, of 60,000 examples that do not compress, the page stays below 5 MB", async () => {
    const n = 60_000;
    const big = { name: "image", type: { dtype: "f32", shape: [28, 28, 1] } } as const;
    let state = 1;
    const noise = Uint8Array.from({ length: n * 784 }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    });
    const data = makeSource([makeColumn(big, noise, 1 / 255), makeColumn(label, new Uint8Array(n), 1)], "noise");
    const scores = Float64Array.from({ length: n }, (_, i) => Math.sin(i));
    const rows = () => Effect.succeed(tensor("f64", [1, n], scores));
    const points = { predicted: tensor("f64", [1, n], scores), actual: tensor("f64", [1, n], scores) };
    const arrays = (group: string) => Effect.succeed<Arrays>(group === "points" ? points : {});
    const show = "gallery(blame, top: 60000), gallery(digits.train, top: 60000), scatter(loo)";
    const text = await page(show, { data, described: describeData(data), rows, arrays });
    expect(text.match(/<img /g)!.length).toBeGreaterThan(1000);
    expect(text.length).toBeLessThan(5e6);
    expect(text).toMatch(/The \d+ strongest of each kind are shown/);
  });

  it("gallery: an image with many pixels is shown by the means of squares of them", async () => {
    const wide = { name: "image", type: { dtype: "f32", shape: [256, 256, 1] } } as const;
    const checks = Uint8Array.from({ length: 2 * 256 * 256 }, (_, i) => (i % 2 === 0 ? 255 : 0));
    const data = makeSource([makeColumn(wide, checks, 1 / 255), makeColumn(label, Uint8Array.of(7, 3))], "checks");
    const text = await page("gallery(digits.train, top: 1)", { data });
    const [, png = ""] = /src="data:image\/png;base64,([^"]+)" width="128" height="128"/.exec(text) ?? [];
    expect(new Set(decode(Buffer.from(png, "base64")).data)).toEqual(new Set([128]));
  });
});

describe("metrics", () => {
  it("of a share of examples: Wilson's interval", () => {
    // Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20.
    for (const [k, n, low, high] of [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
    ] as const) {
      expect(wilson(k / n, n).low).toBeCloseTo(low, 4);
      expect(wilson(k / n, n).high).toBeCloseTo(high, 4);
    }
  });

  it("of a mean: percentiles of the bootstrap, near the normal's of many numbers", () => {
    const values = Float64Array.from({ length: 4000 }, (_, i) => Math.sin(i * 1.7) + i / 4000);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const spread = Math.sqrt(
      values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length / values.length,
    );
    const { interval, resamples } = bootstrapMean(values);
    expect(resamples).toBe(1000);
    expect((mean - interval.low) / (1.96 * spread)).toBeCloseTo(1, 1);
    expect((interval.high - mean) / (1.96 * spread)).toBeCloseTo(1, 1);
  });

  it("stand with their intervals, and with the way these are made", async () => {
    const text = await page("confusion(on_test)");
    expect(text).toContain("95 %: 0.30064 to 0.95441");
    expect(text).toMatch(/95 %: 0\.125 to 0\.875/);
    expect(text).toContain(
      "Wilson&#39;s for shares of examples; the bootstrap&#39;s percentiles for means, of 1,000 resamples",
    );
    // What the report does not read has no examples at hand.
    expect(await page("summary(Net)")).not.toContain("bootstrap");
  });
});

describe("data", () => {
  it("a data set is described by its classes and the reach of its scalars", () => {
    const scalar = { name: "age", type: { dtype: "f32", shape: [] } } as const;
    const data = makeSource(
      [makeColumn(scalar, Float32Array.of(20, 64, 30), 0.5), makeColumn(label, Uint8Array.of(7, 3, 7))],
      "rows",
    );
    const { classes, numbers } = describeData({ ...data, index: Int32Array.of(1, 2) });
    expect(classes).toEqual({ label: [0, 0, 0, 1, 0, 0, 0, 1, 0, 0] });
    expect(numbers).toEqual({ age: { least: 15, mean: 23.5, most: 32 } });
  });
});
