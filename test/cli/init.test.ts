import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { bundleTemplates, templatesFile } from "../../tools/bundle-templates.ts";
import { finished, folderOf, mtt, removeFolders } from "./mtt.ts";

afterAll(removeFolders);

describe("mtt init", () => {
  it("has the templates as they stand: npm run generate", () => {
    expect(readFileSync(templatesFile, "utf8")).toBe(bundleTemplates());
  });

  it.each([
    ["mnist", "digits.mtt", ["--set", "epochs=1"]],
    ["table", "beans.mtt", []],
  ] as const)(
    "%s: the project is formatted, checks without a word, runs and holds its assertions",
    async (template, program, settings) => {
      const cwd = folderOf();
      const made = await mtt(["init", "new/project", "--template", template], { cwd });
      expect(made.code).toBe(0);
      const files = made.stdout.trimEnd().split("\n");
      expect(files).toContain(`new/project/${program}`);
      expect(files.map((file) => file.slice("new/project/".length)).sort()).toEqual(
        readdirSync(join(cwd, "new/project")).sort(),
      );
      expect(made.stderr).toContain(`cd new/project\n  mtt check ${program}`);
      expect(made.stderr).toContain(`mtt run ${program}`);
      const inside = { cwd: join(cwd, "new/project") };
      expect(await mtt(["check", program], inside)).toMatchObject({ code: 0, stdout: "", stderr: "" });
      expect((await mtt(["fmt", "--check", program], inside)).code).toBe(0);
      const run = await mtt(["run", program, ...settings, "--format", "json"], inside);
      expect(run.code, run.stdout.slice(-2000)).toBe(0);
      const { status, steps } = finished(run.stdout);
      expect(status).toBe("done");
      expect(existsSync(String(steps.results!.result.file))).toBe(true);
    },
  );

  it("table: the rows whose labels were made wrong are the first suspects", async () => {
    const cwd = folderOf();
    await mtt(["init", "--template", "table"], { cwd });
    await mtt(["run", "beans.mtt", "--quiet"], { cwd });
    // Of which kind a row is by its measures: the kinds were drawn around these.
    const kinds = [
      [16, 7, 1.5],
      [12, 8.5, 1.3],
      [19, 9.5, 2.6],
    ];
    const rows = readFileSync(join(cwd, "beans.csv"), "utf8").trimEnd().split("\n").slice(1);
    const wrong = rows.flatMap((row, index) => {
      const [length = 0, width = 0, weight = 0, kind = 0] = row.split(",").map(Number);
      const far = kinds.map(
        ([l = 0, w = 0, g = 0]) => (length - l) ** 2 + (2 * (width - w)) ** 2 + (5 * (weight - g)) ** 2,
      );
      return far.indexOf(Math.min(...far)) === kind ? [] : [index];
    });
    const text = readFileSync(join(cwd, ".mtt/reports/beans/results.html"), "utf8");
    const [, section = ""] = /<h2[^>]*>Influence on themselves,.*?<\/h2>(.*?)<\/section>/s.exec(text) ?? [];
    const suspects = [...section.matchAll(/>#(\d+)<\/a>/g)].map(([, index]) => Number(index));
    expect(suspects).toHaveLength(8);
    expect(suspects.slice(0, 4).filter((index) => wrong.includes(index)).length).toBeGreaterThanOrEqual(3);
    expect(wrong.length).toBeLessThan(rows.length / 10);
  });

  it("writes over nothing, and then nothing at all", async () => {
    const cwd = folderOf({ "digits.mtt": "// mine\n" });
    const { code, stdout, stderr } = await mtt(["init"], { cwd });
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("mtt: . has digits.mtt already: nothing was written");
    expect(readdirSync(cwd)).toEqual(["digits.mtt"]);
    expect(readFileSync(join(cwd, "digits.mtt"), "utf8")).toBe("// mine\n");
  });

  it("--format json: what was made, as one object; an unknown template is wrong use", async () => {
    const cwd = folderOf();
    const { code, stdout, stderr } = await mtt(["init", "--template", "table", "--format", "json"], { cwd });
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toEqual({
      folder: ".",
      template: "table",
      files: ["beans.csv", "beans.mtt", ".gitignore", "mtt.yaml"],
    });
    expect((await mtt(["init", "--template", "mnst"], { cwd })).code).toBe(2);
  });

  it.each([
    [
      "classes",
      "age,height,species\n20,1.5,0\n30,1.6,1\n41,1.7,2\n22,1.5,0\n31,1.8,1\n44,1.7,2\n23,1.4,0\n",
      "species: class[3]",
    ],
    [
      "a number to foretell",
      "rooms,area,price,street\n2,40.5,100,a\n3,60,151.5,b\n4,80,199,c\n5,99,250,d\n2,45,110,e\n3,61,160,f\n",
      "price: f32[]",
    ],
  ])("--from: a program for the columns of a table, %s", async (_, csv, field) => {
    const cwd = folderOf({ "data/my table.csv": csv });
    const made = await mtt(["init", "--from", "data/my table.csv"], { cwd });
    expect(made).toMatchObject({ code: 0, stdout: "my table.mtt\n" });
    const text = readFileSync(join(cwd, "my table.mtt"), "utf8");
    expect(text).toContain(field);
    expect(text.includes("Left out, for they hold no numbers or have no name of the language: street.")).toBe(
      csv.includes("street"),
    );
    expect(await mtt(["check", "my table.mtt"], { cwd })).toMatchObject({ code: 0, stderr: "" });
    expect((await mtt(["fmt", "--check", "my table.mtt"], { cwd })).code).toBe(0);
    const run = await mtt(["run", "my table.mtt", "--format", "json"], { cwd });
    expect(run.code, run.stdout.slice(-1500)).toBe(0);
  });

  it.each([
    [["--from", "nowhere.csv"], "nowhere.csv"],
    [["--from", "words.csv"], "has no two columns of numbers"],
    [["sub", "--from", "words.csv"], "lies outside of sub"],
    [["--from", "a.xlsx"], "cannot read a.xlsx: it does not exist"],
    [["--from", "notes.md"], "notes.md is nothing that is read"],
    [["--from", "words.csv", "--template", "table"], "both say what the project is"],
  ])("refuses %j, and writes nothing", async (args, message) => {
    const cwd = folderOf({ "words.csv": "a,b\nx,y\n", "notes.md": "" });
    const { code, stderr } = await mtt(["init", ...args], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(readdirSync(cwd)).toEqual(["notes.md", "words.csv"]);
  });
});
