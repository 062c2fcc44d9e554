import { spawn } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { environment, eventsOf, finished, folderOf, mtt, removeFolders, shellCommand, small } from "./mtt.ts";

afterAll(removeFolders);

const EPOCHS = 40;
const args = ["run", "p.mtt", "model", "--set", `epochs=${EPOCHS}`, "--format", "json"];
const parameters = (stdout: string) => finished(stdout).steps.model!.result.parameters;
let unbroken: unknown;
beforeAll(async () => {
  const { stdout } = await mtt(args, { cwd: folderOf({ "p.mtt": small }) });
  unbroken = parameters(stdout);
});

/** Runs, and kills at a moment; false where the run was faster, which counts for nothing. */
const killed = async (cwd: string, when: (stdout: string) => boolean, after = 0): Promise<boolean> => {
  let struck = false;
  const { stdout, signal } = await mtt(args, {
    cwd,
    watch: (child, text) => {
      if (struck || !when(text)) return;
      struck = true;
      setTimeout(() => child.kill("SIGKILL"), after);
    },
  });
  return signal === "SIGKILL" && !stdout.includes("run.finished");
};

describe("kill -9", () => {
  it("in the middle of training, then run again: the bytes of a run that never stopped", async () => {
    const cwd = folderOf({ "p.mtt": small });
    expect(await killed(cwd, (stdout) => stdout.includes('"epoch":4,'))).toBe(true);
    const { code, stdout, stderr } = await mtt(args, { cwd });
    expect([code, stderr]).toEqual([0, ""]);
    expect(parameters(stdout)).toBe(unbroken);
    // It went on: what was stored was not trained again.
    const first = eventsOf(stdout).find(({ event, accuracy }) => event === "step.progress" && accuracy !== undefined);
    expect(Number(first?.epoch)).toBeGreaterThan(3);
  });

  it("again and again at random moments, and the end is the same", async () => {
    const cwd = folderOf({ "p.mtt": small });
    let kills = 0;
    for (let i = 0; i < 6; i++) {
      const lines = Math.floor(Math.random() * 6);
      const delay = Math.random() * 40;
      const reached = (stdout: string) => stdout.split('"event":"step.progress"').length > lines;
      if (await killed(cwd, reached, delay)) kills++;
    }
    expect(kills).toBeGreaterThan(3);
    const { code, stdout, stderr } = await mtt(args, { cwd });
    expect([code, stderr]).toEqual([0, ""]);
    expect(parameters(stdout)).toBe(unbroken);
  });
});

describe("Ctrl-C", () => {
  it("ends 130 with `run.finished`, and the next run goes on", async () => {
    const cwd = folderOf({ "p.mtt": small });
    let sent = false;
    const stopped = await mtt(args, {
      cwd,
      watch: (child, text) => {
        if (!sent && text.includes('"epoch":3,')) sent = child.kill("SIGINT");
      },
    });
    expect([stopped.code, stopped.signal]).toEqual([130, null]);
    expect(finished(stopped.stdout)).toMatchObject({
      status: "interrupted",
      steps: { "digits.train": { status: "ran" } },
    });
    expect(stopped.stderr).toBe("");
    const { stdout } = await mtt(args, { cwd });
    expect(parameters(stdout)).toBe(unbroken);
    expect(eventsOf(stdout).filter(({ accuracy }) => accuracy !== undefined).length).toBeLessThan(EPOCHS - 1);
  });

  it.each(["onnx", "reference"])("tells people how to go on (%s)", async (backend) => {
    let sent = false;
    const { code, stderr } = await mtt(["run", "p.mtt", "model", "--set", "epochs=400", "--backend", backend], {
      cwd: folderOf({ "p.mtt": small }),
      watch: (child, _, text) => {
        if (!sent && text.includes("epoch 2/")) sent = child.kill("SIGINT");
      },
    });
    expect(code).toBe(130);
    expect(stderr).toMatch(
      /\nmtt: interrupted; finished steps and epochs are stored, and the same command goes on from there .*\n$/,
    );
    expect(stderr).not.toMatch(/ {4}at /);
  });

  it("a second time ends at once, whatever is going on", async () => {
    let sent = 0;
    const { code, stdout } = await mtt(["run", "p.mtt", "model", "--set", "epochs=400", "--format", "json"], {
      cwd: folderOf({ "p.mtt": small }),
      watch: (child, text) => {
        if (sent > 0 || !text.includes('"epoch":2,')) return;
        for (; sent < 2; sent++) child.kill("SIGINT");
      },
    });
    expect(code).toBe(130);
    expect(stdout).not.toContain('"epoch":400,');
  });
});

describe("a reader that goes away", () => {
  const shell = async (command: string, cwd: string) => {
    const child = spawn("bash", ["-c", command.replace("mtt", await shellCommand())], { cwd, env: environment() });
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (more: string) => (text += more));
    await new Promise((resolve) => child.on("close", resolve));
    return text;
  };

  it("ends the run without a stack trace", async () => {
    const cwd = folderOf({ "p.mtt": small });
    const text = await shell("mtt run p.mtt model --set epochs=400 --format json | head -1", cwd);
    expect(text.trim().split("\n")).toHaveLength(1);
    expect(JSON.parse(text)).toMatchObject({ event: "step.finished", step: "digits.train" });
  });

  it("ends a listing without a stack trace", async () => {
    const text = await shell("mtt shapes p.mtt | head -1", folderOf({ "p.mtt": small }));
    expect(text).toBe("Pooled\n");
  });
});
