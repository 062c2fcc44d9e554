import { type ChildProcess, spawn } from "node:child_process";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type Event, environment, folderOf, mtt, programFile, removeFolders, track } from "./mtt.ts";

afterAll(removeFolders);

const layers = "block body(x: f32[n]) -> f32[8] = x |> dense(8) |> relu\n";
const program = (rate: string, epochs = "2") => `import { body } from "layers.mtt"
let rows = csv("rows.csv", fields: { a: f32[], label: class[2] })
network Net(a: f32[]) -> f32[2] = reshape(a, [1]) |> body |> dense(2)
train model { network: Net, data: rows, loss: softmax_cross_entropy, optimizer: sgd(rate: ${rate}), batch: 4, epochs: ${epochs}, seed: 1 }
evaluate on_all { model: model, data: rows }
train other { network: Net, data: rows, loss: softmax_cross_entropy, optimizer: sgd(rate: 0.5), batch: 4, epochs: 1, seed: 1 }
`;
const rows = (last: number) =>
  `a,label\n${Array.from({ length: 8 }, (_, i) => `${i},${i % 2}`).join("\n")}\n${last},1\n`;
const files = () => ({ "p.mtt": program("0.1"), "layers.mtt": layers, "rows.csv": rows(9) });

/** A watching process; `until` waits for what it prints. */
const watching = async (cwd: string, ...args: readonly string[]) => {
  const child: ChildProcess = track(
    spawn(process.execPath, [await programFile, "run", "p.mtt", "--watch", ...args], { cwd, env: environment() }),
  );
  let [stdout, stderr] = ["", ""];
  const waiting = new Set<() => void>();
  const hear = (stream: NodeJS.ReadableStream | null, add: (text: string) => void) =>
    stream?.setEncoding("utf8").on("data", (text: string) => {
      add(text);
      for (const look of waiting) look();
    });
  hear(child.stdout, (text) => {
    stdout += text;
  });
  hear(child.stderr, (text) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((finish) => child.on("close", finish));
  const until = (holds: () => boolean): Promise<void> =>
    new Promise((finish, fail) => {
      const look = () => {
        if (!holds()) return;
        waiting.delete(look);
        finish();
      };
      waiting.add(look);
      void ended.then(() => fail(new Error(`it ended\n${stdout}\n${stderr}`)));
      look();
    });
  return {
    child,
    ended,
    until,
    out: () => stdout,
    err: () => stderr,
    events: (): readonly Event[] =>
      stdout
        .split("\n")
        .slice(0, -1)
        .map((line): Event => JSON.parse(line)),
  };
};

const count = (text: string, part: string) => text.split(part).length - 1;

/** As editors do: a new file takes the old one's place. */
const save = (cwd: string, name: string, text: string) => {
  writeFileSync(join(cwd, `${name}~`), text);
  renameSync(join(cwd, `${name}~`), join(cwd, name));
};

describe("mtt run --watch", () => {
  it("runs what an edit of the program, of an import or of its data changed, says which steps, outlives a wrong program, and ends at Ctrl-C", async () => {
    const cwd = folderOf(files());
    const { child, ended, until, err } = await watching(cwd);
    const ready = (n: number) => until(() => count(err(), "watching 4 files; Ctrl-C ends") === n);
    await ready(1);

    save(cwd, "p.mtt", program("0.2"));
    await ready(2);
    expect(err()).toMatch(
      /── \d\d:\d\d:\d\d {2}p\.mtt changed\n {3}model: \S*rate\S*: 0\.1 -> 0\.2\n {3}what reads it: on_all\n/,
    );
    // What the edit leaves alone is not computed again.
    expect(err().split("p.mtt changed")[1]).toMatch(/= other .*\(cached\)/);

    save(cwd, "layers.mtt", layers.replace("relu", "tanh"));
    await ready(3);
    expect(err().split("layers.mtt changed")[1]).toMatch(/^\n {3}model: [\s\S]*\n {3}other: [\s\S]*✓ model/);

    save(cwd, "rows.csv", rows(10));
    await ready(4);
    expect(err().split("rows.csv changed")[1]).toMatch(
      /^\n {3}rows: rows\.csv was saved\n {3}what reads it: model, on_all, other\n[\s\S]*✓ model/,
    );

    save(cwd, "p.mtt", program("0.2 +"));
    await ready(5);
    expect(err().split("p.mtt changed")[2]).toMatch(/error\[MTT\d+\]/);
    save(cwd, "p.mtt", `${program("0.2")}// a comment\n`);
    await ready(6);
    expect(err().split("p.mtt changed")[3]).toMatch(/= model .*\(cached\)/);
    save(cwd, "p.mtt", `${program("0.2")}// another\n`);
    await ready(7);
    expect(err().split("p.mtt changed")[4]).toMatch(/^: no step is another for it\n/);

    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(err()).not.toMatch(/^\s+at /m);
    expect(err()).not.toContain("interrupted");
  });

  it("an edit ends the run that is under way, which goes on from what it stored; writing in several moves is one edit", async () => {
    const cwd = folderOf({ ...files(), "p.mtt": program("0.1", "100000") });
    const { child, ended, until, events } = await watching(cwd, "--format", "json");
    await until(() => events().some(({ event, epoch }) => event === "step.progress" && Number(epoch) >= 3));
    writeFileSync(join(cwd, "p.mtt"), "");
    writeFileSync(join(cwd, "p.mtt"), program("0.1", "3"));
    await until(() => events().filter(({ event }) => event === "run.finished").length === 2);
    const [first, second] = events().filter(({ event }) => event === "run.finished");
    expect([first!.status, second!.status]).toEqual(["interrupted", "done"]);
    const edits = events().filter(({ event }) => event === "watch.changed");
    expect(edits).toHaveLength(1);
    expect(edits[0]).toMatchObject({
      files: ["p.mtt"],
      steps: { changed: [{ step: "model", why: ["length.epochs: 100000 -> 3"] }], follow: ["on_all"], removed: [] },
    });
    // Three epochs were stored when the edit came.
    const after = events().slice(events().findIndex(({ event }) => event === "watch.changed"));
    expect(
      after.some(({ event, step, epoch }) => event === "step.progress" && step === "model" && Number(epoch) === 1),
    ).toBe(false);
    child.kill("SIGINT");
    expect(await ended).toBe(130);
  });

  it("wrong use ends at once", async () => {
    const cwd = folderOf(files());
    for (const args of [
      ["run", "gone.mtt", "--watch"],
      ["run", "p.mtt", "nothing", "--watch"],
    ]) {
      const { code, stderr } = await mtt(args, { cwd });
      expect(code).toBe(2);
      expect(stderr).toMatch(/^mtt: /);
    }
  });
});
