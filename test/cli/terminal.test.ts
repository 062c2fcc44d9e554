import { spawn } from "node:child_process";
import { afterAll, describe, expect, it } from "vitest";
import { environment, folderOf, mtt, removeFolders, shellCommand, small, track } from "./mtt.ts";

afterAll(removeFolders);

/** A solve that comes to no end in a test's time. */
const solving = `${small}
influence blame { model: model, test: digits.test |> take(1), method: cg(damping: 1e-9, tolerance: 1e-14, iterations: 1000000, hessian: gauss_newton) }
`;

const ESCAPE = "\u001B";

/** Runs `mtt` on a terminal of its own, which `script` makes. What is typed reaches the program as from a keyboard. */
const onTerminal = async (
  args: string,
  cwd: string,
  {
    type,
    env = {},
  }: { readonly type?: { readonly keys: string; readonly after: RegExp }; readonly env?: Record<string, string> } = {},
) => {
  const command = `stty cols 120; exec ${await shellCommand()} ${args}`;
  const child = track(
    spawn("script", ["-qefc", command, "/dev/null"], { cwd, env: environment({ TERM: "xterm", ...env }) }),
  );
  let screen = "";
  let typed = false;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    screen += text;
    if (type === undefined || typed || !type.after.test(screen)) return;
    typed = true;
    child.stdin.write(type.keys);
  });
  const code = await new Promise<number | null>((finish) => child.on("close", finish));
  return { code, screen };
};

describe("on a terminal", () => {
  it("a run shows one line a step, with a bar, loss, pace and time left while it goes on", async () => {
    const { code, screen } = await onTerminal("run p.mtt --set epochs=60", folderOf({ "p.mtt": small }));
    expect(code).toBe(0);
    expect(screen).toMatch(
      /model █+░+ \d+ % {2}epoch \d+\/60, loss [\d.]+, accuracy [\d.]+, \d+ steps\/s {2}\d+s left/,
    );
    expect(screen).toMatch(/✓ model {2}epochs 60, loss [\d.]+, accuracy [\d.]+/);
    expect(screen).toContain("assert#1: passed true");
    // The cursor that the bar hid is shown at the end.
    expect(screen.lastIndexOf(`${ESCAPE}[?25h`)).toBeGreaterThan(screen.lastIndexOf(`${ESCAPE}[?25l`));
  });

  it("--no-progress prints plain lines", async () => {
    const { code, screen } = await onTerminal("run p.mtt --no-progress", folderOf({ "p.mtt": small }));
    expect(code).toBe(0);
    expect(screen).not.toContain(ESCAPE);
    expect(screen).toMatch(/^ {2}model 67 % {2}epoch 2\/3, loss/m);
  });

  it.each([
    ["once: says how to go on", "\u0003", true],
    ["twice: ends at once", "\u0003\u0003", false],
  ])("Ctrl-C %s", async (_, keys, says) => {
    const { code, screen } = await onTerminal("run p.mtt --set epochs=4000", folderOf({ "p.mtt": small }), {
      type: { keys, after: /epoch \d+\// },
    });
    expect(code).toBe(130);
    if (says) expect(screen).toContain("mtt: interrupted; finished steps and epochs are stored");
    expect(screen.lastIndexOf(`${ESCAPE}[?25h`)).toBeGreaterThan(screen.lastIndexOf(`${ESCAPE}[?25l`));
    expect(screen).not.toMatch(/^\s+at /m);
  });

  it.each([
    ["once: says how to go on", "\u0003", true],
    ["twice: ends at once", "\u0003\u0003", false],
  ])("Ctrl-C in a solve, %s; what came before it is not computed again", async (_, keys, says) => {
    const cwd = folderOf({ "p.mtt": solving });
    const { code, screen } = await onTerminal("run p.mtt blame", cwd, {
      type: { keys, after: /blame\/solve [█░]+|iteration \d+/ },
    });
    expect(code).toBe(130);
    if (says) expect(screen).toContain("mtt: interrupted; finished steps and epochs are stored");
    expect(screen.lastIndexOf(`${ESCAPE}[?25h`)).toBeGreaterThan(screen.lastIndexOf(`${ESCAPE}[?25l`));
    expect(screen).not.toMatch(/^\s+at /m);
    const again = await mtt(["run", "p.mtt", "model", "--format", "json"], { cwd });
    expect(again.stdout).toMatch(/"event":"step.cached","step":"model"/);
  });

  it("diagnostics are in colour, unless NO_COLOR asks for none", async () => {
    const cwd = folderOf({ "wrong.mtt": "let x = y\n" });
    const [colour, plain, piped] = await Promise.all([
      onTerminal("check wrong.mtt", cwd),
      onTerminal("check wrong.mtt", cwd, { env: { NO_COLOR: "1" } }),
      mtt(["check", "wrong.mtt"], { cwd }),
    ]);
    expect([colour.code, plain.code, piped.code]).toEqual([1, 1, 1]);
    expect(colour.screen).toContain(`${ESCAPE}[31merror[MTT2001]`);
    expect(plain.screen).not.toContain(ESCAPE);
    expect(piped.stdout).not.toContain(ESCAPE);
    expect(plain.screen.replaceAll("\r\n", "\n")).toBe(piped.stdout);
  });
});
