import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { load } from "../../src/index.ts";
import { folderOf, mtt, removeFolders } from "./mtt.ts";

afterEach(removeFolders);

const SECRET = "age,label\n41,0\n42,1\n";
const reading = (path: string): string => `let people = csv("${path}", fields: { age: f32[], label: class[2] })
network Net(age: f32[]) -> f32[2] = age |> reshape([1]) |> dense(2)
train model { network: Net, data: people, loss: softmax_cross_entropy, optimizer: sgd(0.1), batch: 2, epochs: 1 }
`;

/** A project beside the file that it has no business with. */
const place = (program: string, more: Readonly<Record<string, string>> = {}) => {
  const home = folderOf({
    "secret/people.csv": SECRET,
    "project/mtt.yaml": "backend: reference\n",
    "project/data/people.csv": SECRET,
    "project/p.mtt": program,
    ...more,
  });
  return { home, project: join(home, "project"), secret: join(home, "secret") };
};

const run = (project: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
  mtt(["run", "p.mtt", "--no-progress", ...args], { cwd: project, env });

describe("what a program reads stays in its project", () => {
  it.each(["../secret/people.csv", "data/../../secret/people.csv"])(
    "refuses %s, and says how to allow it",
    async (path) => {
      const { project, secret } = place(reading(path));
      const { code, stderr } = await run(project);
      expect(code).toBe(3);
      expect(stderr).toContain(
        `error[MTT5519]: \`people\` failed: ${secret}/people.csv is outside of the project ${project}`,
      );
      expect(stderr).toContain("p.mtt:1:14");
      expect(stderr).toContain(`--allow-path ${secret}`);
    },
  );

  it("refuses an absolute path, and takes one into the project", async () => {
    const { project, secret } = place("");
    writeFileSync(join(project, "p.mtt"), reading(join(secret, "people.csv")));
    expect(await run(project)).toMatchObject({ code: 3, stderr: expect.stringContaining("MTT5519") });
    writeFileSync(join(project, "p.mtt"), reading(join(project, "data/people.csv")));
    expect(await run(project)).toMatchObject({ code: 0 });
  });

  it("refuses the folder that the project is in", async () => {
    const { home, project } = place(
      `let pictures = images("..", image: f32[2, 2, 1], classes: ["secret", "project"])
network Net(image: f32[2, 2, 1]) -> f32[2] = image |> flatten |> dense(2)
train model { network: Net, data: pictures, loss: softmax_cross_entropy, optimizer: sgd(0.1), batch: 2, epochs: 1 }
`,
    );
    const { code, stderr } = await run(project);
    expect(stderr).toContain(`${home} is outside of the project`);
    expect(code).toBe(3);
  });

  it("says the same of a file outside that is there and of one that is not", async () => {
    const { project } = place(reading("../secret/nothing.csv"));
    expect(await run(project)).toMatchObject({ code: 3, stderr: expect.stringContaining("MTT5519") });
  });

  it("follows symbolic links: one that leads out is refused, one that stays is read", async () => {
    const { home, project, secret } = place(reading("link/people.csv"));
    symlinkSync(secret, join(project, "link"));
    const { code, stderr } = await run(project);
    expect(code).toBe(3);
    expect(stderr).toContain(`where a symbolic link leads to ${secret}/people.csv`);
    symlinkSync(join(project, "data"), join(home, "data-of-project"));
    writeFileSync(join(project, "p.mtt"), reading("../data-of-project/people.csv"));
    expect(await run(project)).toMatchObject({ code: 0 });
  });

  it("takes the folders that --allow-path, MTT_ALLOW_PATH, the user's mtt.yaml and --data name", async () => {
    const { home, project, secret } = place(reading("../secret/people.csv"), {
      "settings/mtt/mtt.yaml": "allow_path: [../../secret]\n",
    });
    expect(await run(project, ["--allow-path", project, "--allow-path", secret])).toMatchObject({ code: 0 });
    expect(await run(project, [], { MTT_ALLOW_PATH: `${project}:${secret}` })).toMatchObject({ code: 0 });
    expect(await run(project, [], { XDG_CONFIG_HOME: join(home, "settings") })).toMatchObject({ code: 0 });
    expect(await run(project, ["--data", secret])).toMatchObject({ code: 0 });
    expect(await run(project, [], { MTT_DATA: secret })).toMatchObject({ code: 0 });
    expect(await run(project)).toMatchObject({ code: 3 });
  });

  it("does not let a project allow itself anything", async () => {
    const { project } = place(reading("../secret/people.csv"), { "project/mtt.yaml": "allow_path: [..]\n" });
    const { code, stderr } = await run(project);
    expect(code).toBe(2);
    expect(stderr).toContain("a project cannot allow itself to read elsewhere");
    writeFileSync(join(project, "mtt.yaml"), "backend: reference\ndata: ..\n");
    expect(await run(project)).toMatchObject({ code: 3, stderr: expect.stringContaining("MTT5519") });
  });

  it("says of a folder to allow that it is not there", async () => {
    const { project } = place(reading("data/people.csv"));
    const { code, stderr } = await run(project, ["--allow-path", "/nowhere/at/all"]);
    expect(code).toBe(2);
    expect(stderr).toContain("--allow-path: there is no folder `/nowhere/at/all`");
  });

  it.each(["../secret/parts", "../secret/parts.mtt", "link"])("refuses the import %s at its place", async (from) => {
    const { project, secret } = place(`import { half } from "${from}"\nassert half == 0.5\n`, {
      "secret/parts.mtt": "let half = 0.5\n",
    });
    symlinkSync(join(secret, "parts.mtt"), join(project, "link.mtt"));
    const refused = await mtt(["check", "p.mtt"], { cwd: project });
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain("error[MTT5519]");
    expect(refused.stdout).toContain("p.mtt:1:22");
    expect(await mtt(["check", "p.mtt", "--allow-path", secret], { cwd: project })).toMatchObject({
      code: 0,
      stdout: "",
    });
  });

  it("goes by the nearest folder that is a project's", async () => {
    const { project } = place("", {
      "project/shared.mtt": "let half = 0.5\n",
      "project/deep/p.mtt": 'import { half } from "../shared"\nassert half == 0.5\n',
    });
    expect(await mtt(["check", "deep/p.mtt"], { cwd: project })).toMatchObject({ code: 0, stdout: "" });
    writeFileSync(join(project, "deep/package.json"), "{}");
    expect(await mtt(["check", "deep/p.mtt"], { cwd: project })).toMatchObject({ code: 1 });
  });

  it("holds for weights, arrays, pictures and the folders that classes are called", async () => {
    const { project, secret } = place("");
    mkdirSync(join(project, "pictures/cat"), { recursive: true });
    symlinkSync(join(secret, "people.csv"), join(project, "pictures/cat/one.png"));
    const net = "network Net(x: f32[]) -> f32[2] = x |> reshape([1]) |> dense(2)\n";
    const train = (start: string) =>
      `${net}train model { network: Net, data: d, loss: softmax_cross_entropy, optimizer: sgd(0.1), batch: 2, epochs: 1${start} }\n`;
    const programs = [
      `let d = csv("data/people.csv", fields: { x: f32[], label: class[2] })\n${train(', start: weights("../secret/w.safetensors")')}`,
      `let d = npy(fields: { x: "../secret/x.npy" as f32[], label: "../secret/l.npy" as class[2] })\n${train("")}`,
      'let d = images("pictures", image: f32[1, 1, 1], classes: ["cat"])\nassert (d |> count) == 1\n',
      'let d = images("pictures", image: f32[1, 1, 1], classes: ["../../secret"])\nassert (d |> count) == 1\n',
      'let d = idx(images: "../secret/i", labels: "../secret/l", image: f32[1, 1, 1], classes: 2)\nassert (d |> count) == 1\n',
    ];
    writeFileSync(join(project, "data/people.csv"), SECRET.replace("age", "x"));
    for (const program of programs) {
      writeFileSync(join(project, "p.mtt"), program);
      expect(await run(project)).toMatchObject({ code: 3, stderr: expect.stringContaining("MTT5519") });
    }
  });

  it("holds for scripts, which may allow a folder", async () => {
    const { project, secret } = place(reading("../secret/people.csv"));
    const file = join(project, "p.mtt");
    const refused = await load(file);
    expect((await refused.run()).diagnostics.map(({ code }) => code)).toEqual(["MTT5519"]);
    expect((await (await load(file, { allowPath: [secret] })).run()).status).toBe("done");
  });
});
