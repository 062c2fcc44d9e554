import { describe, expect, it } from "vitest";
import { evaluate } from "../../src/ir/evaluate.ts";
import { verify } from "../../src/ir/verify.ts";
import { expectAllClose } from "./checks.ts";
import { rows } from "./operations.ts";
import { programsOf } from "./programs.ts";

describe("the conformance programs", () => {
  it("are graphs, and f32 ones compute what f64 ones do", () => {
    for (const row of rows) {
      const [single, double] = [programsOf(row, "f32"), programsOf(row, "f64")];
      single.forEach((program, i) => {
        expect(verify(program.graph), `${row.title}: ${program.title}`).toEqual([]);
        const wide = evaluate(double[i]!.graph, double[i]!.inputs).map((x) => ({ ...x, dtype: "f32" as const }));
        expectAllClose(evaluate(program.graph, program.inputs), wide, 2e-5, `${row.title}: ${program.title}`);
      });
    }
  });
});
