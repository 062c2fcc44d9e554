import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");
const files = ["src", "bin"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.[jt]s$/.test(name))
    .map((name) => ({ file: `${folder}/${name}`, text: readFileSync(join(root, folder, name), "utf8") })),
);

/** Who starts another process, and of what: whatever is added here has to say why no text of a program gets into it. */
const starters: Readonly<Record<string, string>> = {
  "bin/mtt.js": "Node itself, with the arguments it was given, as a list",
  "src/backend/available.ts": "Node itself, for a probe of a device whose graph is a constant",
  "src/backend/tensorflow/probe.ts": "Node itself, for a probe whose graph is a constant",
  "src/backend/tensorflow/install/command.ts":
    "the compiler and Python of `mtt backend install`, which reads no program",
};

describe("processes that mtt starts", () => {
  it("are started in these files only", () => {
    const found = files.filter(({ text }) => /["'](?:node:)?(?:child_process|cluster)["']/.test(text));
    expect(found.map(({ file }) => file).sort()).toEqual(Object.keys(starters).sort());
  });

  it("never go through a shell, and get their arguments as a list", () => {
    for (const { file, text } of files) {
      if (!(file in starters)) continue;
      const imported = /import \{([^}]*)\} from "node:child_process"/.exec(text)?.[1] ?? "";
      expect(
        imported
          .split(",")
          .map((name) => name.trim())
          .filter((name) => !["spawn", "execFile"].includes(name)),
        file,
      ).toEqual([]);
      expect(text, file).not.toMatch(/\bshell\s*:/);
      for (const [, second] of text.matchAll(/\b(?:spawn|execFile)\(\s*[\w.]+,\s*([^\s,]+)/g))
        expect(second, file).toMatch(/^(\[|args\b)/);
    }
  });

  it("and no text is evaluated as JavaScript", () => {
    const found = files.filter(
      ({ file, text }) => !file.startsWith("src/generated/") && /\beval\(|new Function\(|node:vm/.test(text),
    );
    expect(found.map(({ file }) => file)).toEqual([]);
  });
});

describe("downloads", () => {
  it("come by https", () => {
    const found = files
      .filter(({ file }) => !file.startsWith("src/generated/"))
      .flatMap(({ file, text }) => [...text.matchAll(/["'`](http:[^"'`]*)/g)].map(([, url]) => `${file}: ${url}`));
    expect(found).toEqual([]);
  });

  it("are accepted by their hash: whoever downloads compares a sha256", () => {
    const users = files.filter(({ file, text }) => /\bdownload\(/.test(text) && file !== "src/data/download.ts");
    expect(users.map(({ file }) => file).sort()).toEqual([
      "src/backend/tensorflow/install/wheel.ts",
      "src/data/cifar10.ts",
      "src/data/mnist.ts",
    ]);
    for (const { file, text } of users)
      expect(text, file).toMatch(/accept:[\s\S]*?\b(verified|checkArchive|wheels\.has\(hash)/);
  });
});
