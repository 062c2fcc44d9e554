import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { folderOf, mtt, removeFolders, small } from "./mtt.ts";

afterEach(removeFolders);

const reading = `let people = csv("people.csv", fields: { age: f32[], label: class[2] })
network Net(age: f32[]) -> f32[2] = age |> reshape([1]) |> dense(2)
train model { network: Net, data: people, loss: softmax_cross_entropy, optimizer: sgd(0.1), batch: 2, epochs: 1 }
`;
const run = (cwd: string, ...args: readonly string[]) =>
  mtt(["run", "p.mtt", "--backend", "reference", "--no-progress", ...args], { cwd });

describe("a project made by somebody else", () => {
  it("cannot keep a run waiting at a pipe, or feed it from a device", async () => {
    const cwd = folderOf({ "p.mtt": reading });
    execFileSync("mkfifo", [join(cwd, "people.csv")]);
    expect(await run(cwd)).toMatchObject({ code: 3, stderr: expect.stringContaining("it is no regular file") });
    rmSync(join(cwd, "people.csv"));
    symlinkSync("/dev/zero", join(cwd, "people.csv"));
    expect(await run(cwd)).toMatchObject({ code: 3, stderr: expect.stringContaining("MTT5519") });
    const allowed = await run(cwd, "--allow-path", "/dev");
    expect(allowed).toMatchObject({ code: 3, stderr: expect.stringContaining("it is no regular file") });
    execFileSync("mkfifo", [join(cwd, "mtt.yaml")]);
    expect(await run(cwd)).toMatchObject({ code: 2, stderr: expect.stringContaining("mtt.yaml is no regular file") });
  });

  it("cannot keep it waiting by what lies in its store", async () => {
    const cwd = folderOf({ "p.mtt": small });
    const first = await mtt(["run", "p.mtt", "model", "--format", "json"], { cwd });
    const { key } = JSON.parse(first.stdout.trimEnd().split("\n").at(-1) ?? "").steps.model;
    const result = join(cwd, ".mtt/results", key, "result.json");
    rmSync(result);
    mkdirSync(join(cwd, ".mtt/objects/ab"), { recursive: true });
    for (const path of [
      result,
      join(cwd, ".mtt/runs/20990101-000000-0000.json"),
      join(cwd, ".mtt/objects/ab", "0".repeat(62)),
    ])
      execFileSync("mkfifo", [path]);
    const again = await mtt(["run", "p.mtt", "model"], { cwd });
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining(`the stored result ${key} is damaged`) });
    expect(await mtt(["runs", "list"], { cwd })).toMatchObject({ code: 0 });
    expect(await mtt(["cache", "verify"], { cwd })).toMatchObject({
      code: 3,
      stdout: expect.stringContaining("damaged: object ab000"),
    });
  });

  it.each([
    ["of 2 MiB", `data: ${"x".repeat(2 ** 21)}\n`, "mtt.yaml is larger than 1.0 MiB"],
    ["whose value holds itself", "params: &a [*a]\n", "`params` is"],
    [
      "of a billion laughs",
      `a0: &a0 lol\n${Array.from({ length: 12 }, (_, k) => `a${k + 1}: &a${k + 1} [${Array(9).fill(`*a${k}`)}]`).join("\n")}\n`,
      "alias",
    ],
    ["100,000 brackets deep", `params: ${"[".repeat(100_000)}\n`, "mtt.yaml"],
  ])("is refused for an mtt.yaml %s", async (_, yaml, says) => {
    const { code, stderr } = await run(folderOf({ "p.mtt": small, "mtt.yaml": yaml }));
    expect([code, stderr]).toEqual([2, expect.stringContaining(says)]);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stderr.length).toBeLessThan(5000);
  });

  it("writes nothing to the terminal but text", async () => {
    const cwd = folderOf({ "p.mtt": reading, "people.csv": "age,label\n\u001B]0;owned\u0007\u009B2J\r,0\n" });
    const { code, stderr } = await run(cwd);
    expect(code).toBe(3);
    expect(stderr).toContain("owned");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(stderr).not.toMatch(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/);
    writeFileSync(join(cwd, "people.csv"), "age,label\n1,0\n2,1\n");
    writeFileSync(join(cwd, "\u001B[2Jx.csv"), "age,label\n1,0\n2,1\n");
    writeFileSync(join(cwd, "p.mtt"), reading.replace("people.csv", "\u001B[2Jx.csv"));
    const shown = await run(cwd);
    expect(shown.stderr).not.toContain("\u001B[2J");
  });
});
