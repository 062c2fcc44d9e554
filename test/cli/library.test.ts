import { layer as nodeServices } from "@effect/platform-node/NodeServices";
import * as Effect from "effect/Effect";
import { afterAll, describe, expect, it } from "vitest";
import * as door from "../../src/effect.ts";
import { load, UsageError } from "../../src/index.ts";
import { folderOf, removeFolders, small } from "./mtt.ts";

afterAll(removeFolders);

describe("the library", () => {
  const folder = folderOf({ "p.mtt": small, "wrong.mtt": "let x = y\n" });
  const file = `${folder}/p.mtt`;

  it("checks, plans and runs a pipeline from a script", async () => {
    const program = await load(file, { params: { epochs: 2 } });
    expect(program.diagnostics).toEqual([]);
    expect(program.plan!.targets).toEqual(["assert#1", "results"]);
    const events: string[] = [];
    const { status, summaries } = await program.run(["on_test"], { onEvent: ({ event }) => events.push(event) });
    expect(status).toBe("done");
    expect(summaries.model).toMatchObject({ status: "ran", result: { epochs: 2 } });
    expect(events.at(-1)).toBe("run.finished");
    const again = await program.run(["on_test"]);
    expect(again.summaries.on_test).toMatchObject({ status: "cached", result: summaries.on_test!.result });
  });

  it("gives the figures and the arrays of what was asked for", async () => {
    const result = await Effect.runPromise(
      Effect.gen(function* () {
        const program = yield* door.load(file, { params: { epochs: 2 } });
        const { outcomes } = yield* program.run(["model"]);
        return yield* outcomes.get("model")!.arrays("parameters");
      }).pipe(Effect.provide(nodeServices)),
    );
    expect(Object.keys(result)).toEqual(["layer0/W", "layer0/b", "layer1/W", "layer1/b"]);
    expect(result["layer0/W"]!.shape).toEqual([49, 16]);
  });

  it("tells what is wrong: diagnostics of a program, wrong use as an error", async () => {
    const wrong = await load(`${folder}/wrong.mtt`);
    expect(wrong.plan).toBeUndefined();
    expect(wrong.diagnostics).toMatchObject([{ code: "MTT2001" }]);
    await expect(wrong.run()).rejects.toThrow("wrong.mtt is wrong: ");
    await expect(load(`${folder}/nowhere.mtt`)).rejects.toThrow(UsageError);
    await expect((await load(file)).run(["modle"])).rejects.toThrow("did you mean `model`?");
  });
});
