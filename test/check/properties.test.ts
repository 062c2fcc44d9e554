import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkText, root, said } from "./suite.ts";

const valid = ["mnist", "layers", "training", "influence"].map((name) =>
  readFileSync(join(root, "test/suite/valid", `${name}.mtt`), "utf8"),
);

/** A stage and what it makes of a shape; undefined where it does not fit. */
interface Stage {
  readonly text: string;
  readonly of: (shape: readonly number[]) => readonly number[] | undefined;
}

const image = (make: (h: number, w: number, c: number) => readonly number[] | undefined) => (s: readonly number[]) =>
  s.length === 3 ? make(s[0]!, s[1]!, s[2]!) : undefined;
const same = (s: readonly number[]) => s;

const stage: fc.Arbitrary<Stage> = fc.oneof(
  fc.constantFrom("relu", "lrelu(0.1)", "tanh", "softplus", "gelu", "dropout(keep: 0.5)", "elu").map((text) => ({
    text,
    of: same,
  })),
  fc
    .record({
      channels: fc.integer({ min: 1, max: 9 }),
      k: fc.integer({ min: 1, max: 5 }),
      s: fc.integer({ min: 1, max: 3 }),
    })
    .chain(({ channels, k, s }) =>
      fc.constantFrom<Stage>(
        {
          text: `conv(${channels}, kernel: ${k}x${k}, stride: ${s}x${s})`,
          of: image((h, w) => [Math.ceil(h / s), Math.ceil(w / s), channels]),
        },
        {
          text: `conv_linear(${channels}, kernel: ${k}x${k}, stride: ${s}x${s}, pad: valid)`,
          of: image((h, w) =>
            h < k || w < k ? undefined : [Math.ceil((h - k + 1) / s), Math.ceil((w - k + 1) / s), channels],
          ),
        },
        {
          text: `max_pool(${k}x${k}, pad: same)`,
          of: image((h, w, c) => [Math.ceil(h / k), Math.ceil(w / k), c]),
        },
        {
          text: `avg_pool(${k}x${k}, stride: ${s}x${s})`,
          of: image((h, w, c) =>
            h < k || w < k ? undefined : [Math.ceil((h - k + 1) / s), Math.ceil((w - k + 1) / s), c],
          ),
        },
        { text: "residual", of: image((h, w, c) => [h, w, c]) },
        { text: "batch_norm", of: (shape) => (shape.length > 0 ? shape : undefined) },
        { text: "global_avg_pool", of: image((_h, _w, c) => [c]) },
        { text: "flatten", of: (shape) => [shape.reduce((a, b) => a * b, 1)] },
        { text: `dense(${channels})`, of: (shape) => (shape.length === 1 ? [channels] : undefined) },
        { text: `repeat(${s}, dense(${channels}))`, of: (shape) => (shape.length === 1 ? [channels] : undefined) },
        {
          text: `sequence([relu, flatten, linear(${channels})])`,
          of: () => [channels],
        },
      ),
    ),
);

describe("random programs", () => {
  it("a network whose shapes fit has no diagnostics, and its declared result is what comes out", () => {
    fc.assert(
      fc.property(fc.array(stage, { maxLength: 12 }), fc.integer({ min: 4, max: 20 }), (stages, size) => {
        let shape: readonly number[] = [size, size + 1, 2];
        const text = stages.flatMap((one) => {
          const next = one.of(shape);
          if (next === undefined) return [];
          shape = next;
          return [`\n  |> ${one.text}`];
        });
        const program = `network N(image: f32[${size}, ${size + 1}, 2]) -> f32[${shape.join(", ")}] = image${text.join("")}\n`;
        expect(checkText(program).diagnostics.map(said), program).toEqual([]);
        const wrong = program.replace(/-> f32\[(\d+)/, (_, n: string) => `-> f32[${Number(n) + 1}`);
        expect(
          checkText(wrong).diagnostics.map(({ code }) => code),
          wrong,
        ).toEqual(["MTT3007"]);
      }),
      { numRuns: 40 },
    );
  });

  it("a misspelt name of a stage is one error, whatever follows it", () => {
    fc.assert(
      fc.property(fc.nat({ max: 6 }), (at) => {
        const names = ["conv(8)", "lrelu(0.2)", "conv(4)", "flatten", "dense(32)", "relu", "dense(10)"];
        const stages = names.map((name, i) => (i === at ? `qq${name}` : name));
        const program = `network N(image: f32[28, 28, 1]) -> f32[10] = image |> ${stages.join(" |> ")}\n`;
        expect(checkText(program).diagnostics.map(({ code }) => code)).toEqual(["MTT2001"]);
      }),
    );
  });

  it("a program with pieces missing, doubled or swapped is never a crash, and every place lies in its text", () => {
    const tokens = valid.map((text) => text.match(/\s+|\w+|\|>|[^\s\w]/g) ?? []);
    const edit = fc.record({
      kind: fc.constantFrom("drop", "double", "swap", "steal"),
      at: fc.nat(),
      other: fc.nat(),
    });
    fc.assert(
      fc.property(fc.nat({ max: valid.length - 1 }), fc.array(edit, { minLength: 1, maxLength: 6 }), (which, edits) => {
        const parts = [...tokens[which]!];
        for (const { kind, at, other } of edits) {
          const [i, j] = [at % parts.length, other % parts.length];
          if (kind === "drop") parts.splice(i, 1 + (other % 3));
          else if (kind === "double") parts.splice(i, 0, parts[i]!);
          else if (kind === "swap") [parts[i], parts[j]] = [parts[j]!, parts[i]!];
          else parts[i] = tokens[other % tokens.length]![at % tokens[other % tokens.length]!.length]!;
        }
        const text = parts.join("");
        const { diagnostics } = checkText(text);
        for (const { span, message } of diagnostics) {
          expect(span.file, `${message}\n${text}`).toBe("main.mtt");
          expect(span.start).toBeGreaterThanOrEqual(0);
          expect(span.end).toBeGreaterThanOrEqual(span.start);
          expect(span.end).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe("long programs", () => {
  it("of long pipelines and chains of declarations are checked, not overflowed", () => {
    const stages = Array.from({ length: 900 }, () => "|> relu").join("\n  ");
    expect(checkText(`network N(x: f32[3]) -> f32[3] = x\n  ${stages}\n`).diagnostics).toEqual([]);
    // Each needs the one after it: nothing is known before the last.
    const chain = Array.from({ length: 5000 }, (_, i) => `let a${i} = a${i + 1} + 1`).join("\n");
    const { checked, diagnostics } = checkText(`${chain}\nlet a5000 = 1\n`);
    expect(diagnostics).toEqual([]);
    const [first] = checked.entry.declarations;
    expect(first?.kind === "let" && checked.types.get(first.value)).toEqual({ kind: "int", value: 5001 });
  });
});
