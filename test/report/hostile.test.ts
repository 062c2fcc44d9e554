import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { finished, folderOf, mtt, removeFolders } from "../cli/mtt.ts";
import { png } from "../data/png.ts";

afterEach(removeFolders);

/** A report over pictures whose folder, classes, program and title are called as is said. */
const reportOf = async (names: {
  readonly file: string;
  readonly folder: string;
  readonly classes: readonly string[];
  readonly title: string;
}) => {
  const { file, folder, classes, title } = names;
  const cwd = folderOf();
  for (const [number, name] of classes.entries()) {
    mkdirSync(join(cwd, folder, name), { recursive: true });
    for (let k = 0; k < 4; k++)
      writeFileSync(
        join(cwd, folder, name, `${k}.png`),
        png(2, 2, 8, 0, [
          [number * 90, k * 20],
          [k * 9, 255 - number * 90],
        ]),
      );
  }
  const text = (value: string): string => JSON.stringify(value);
  writeFileSync(
    join(cwd, file),
    `let pictures = images(${text(folder)}, image: f32[2, 2, 1], classes: [${classes.map(text).join(", ")}])
network Net(image: f32[2, 2, 1]) -> f32[${classes.length}] = image |> flatten |> dense(${classes.length})
train model { network: Net, data: pictures, loss: softmax_cross_entropy, optimizer: sgd(0.1), batch: 4, epochs: 2, seed: 1 }
evaluate on_all { model: model, data: pictures }
influence blame { model: model, test: pictures |> take(2), method: grad_dot() }
report page { title: ${text(title)}, show: [summary(Net), curves(model), confusion(on_all), gallery(blame), histogram(blame), table(on_all), certificate(blame)] }
`,
  );
  const { code, stdout, stderr } = await mtt(["run", file, "--format", "json", "--backend", "reference"], { cwd });
  expect([code, stderr]).toEqual([0, ""]);
  return readFileSync(String(finished(stdout).steps.page!.result.file), "utf8");
};

/** Every tag with the names of its attributes, in order. */
const skeleton = (html: string): readonly string[] =>
  [...html.matchAll(/<(\/?[a-zA-Z!][^\s>]*)((?:"[^"]*"|'[^']*'|[^>"'])*)>/g)].map(
    ([, tag, attributes = ""]) => `${tag} ${[...attributes.matchAll(/([\w-]+)=/g)].map(([, name]) => name).join(" ")}`,
  );

describe("a report of names that were chosen to harm", () => {
  it("has the tags of one with harmless names, and shows the names as text", async () => {
    const harmless = await reportOf({
      file: "p.mtt",
      folder: "pictures",
      classes: ["cats", "dogs", "owls"],
      title: "Pets",
    });
    const classes = ["<script>alert(1)<", "x'\" onerror=alert(2) y", "&lt;!-- --> ]]>"];
    const harmful = await reportOf({
      file: "p\"><img src=x onerror=alert(3)>'.mtt",
      folder: "</style><svg onload=alert(4)>",
      classes,
      title: "</title></style><script>alert(5)</script><b onmouseover='alert(6)'>",
    });
    expect(skeleton(harmful)).toEqual(skeleton(harmless));
    expect(harmful).not.toMatch(/<script|<img src=x|<svg onload|<b onmouseover/i);
    expect(harmful).toContain("&lt;/title&gt;&lt;/style&gt;&lt;script&gt;alert(5)&lt;/script&gt;");
  });
});
