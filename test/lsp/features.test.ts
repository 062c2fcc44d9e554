import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  CodeActionRequest,
  CompletionRequest,
  DefinitionRequest,
  DocumentFormattingRequest,
  DocumentHighlightRequest,
  DocumentSymbolRequest,
  FoldingRangeRequest,
  HoverRequest,
  InlayHintRequest,
  type Location,
  PrepareRenameRequest,
  type Range,
  ReferencesRequest,
  RenameRequest,
  SemanticTokensRequest,
  SignatureHelpRequest,
  WorkspaceSymbolRequest,
} from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { folderOf, removeFolders } from "../cli/mtt.ts";
import { Client } from "./client.ts";

const shared = `/// Layers that several programs use.

/// Twice a dense layer.
block twice(x: f32[...s, a], size: int) -> f32[...s, size] = x |> dense(size) |> relu |> dense(size)
`;
const program = `import { twice } from "shared"

/// How long to train.
param epochs: int = 3

let digits = glyphs(n: 300, seed: 1)

network Small(image: f32[28, 28, 1]) -> f32[10] =
  image
  |> avg_pool(4x4)
  |> flatten
  |> twice(16)
  |> dense(10)

train model {
  network: Small
  data: digits.train
  loss: softmax_cross_entropy
  optimizer: adam(rate: 0.01)
  batch: 50
  epochs: epochs
}
`;

let client: Client;
const folder = folderOf({
  "main.mtt": program,
  "shared.mtt": shared,
  "sub/other.mtt": 'import { twice } from "../shared"\n',
});
beforeAll(async () => {
  client = await Client.start(folder);
});
afterAll(async () => {
  expect(await client.stop()).toBe(0);
  expect(client.stderr()).toBe("");
  removeFolders();
});

/** The text with `‸` before the first place where `around` has it. */
const mark = (around: string, text = program): string => {
  const plain = around.replace("‸", "");
  expect(text).toContain(plain);
  return text.replace(plain, () => around);
};
const words = (uri: string, range: Range): string => {
  const path = fileURLToPath(uri);
  const name = path.slice(folder.length + 1);
  const text = client.text(name) === "" ? readFileSync(path, "utf8") : client.text(name);
  const document = TextDocument.create(uri, "mtt", 1, text);
  return document.getText(range);
};
const place = ({ uri, range }: Location): string =>
  `${fileURLToPath(uri).slice(folder.length + 1)}:${range.start.line + 1} ${words(uri, range)}`;

describe("hover", () => {
  const hover = async (around: string) => {
    const shown = await client.connection.sendRequest(HoverRequest.type, await client.at("main.mtt", mark(around)));
    const contents = shown?.contents ?? "";
    return typeof contents === "object" && "value" in contents ? contents.value : "";
  };

  it("shows a block's signature with its doc comment, and what the stage gives", async () => {
    const shown = await hover("|> tw‸ice(16)");
    expect(shown).toContain("block twice(x: f32[...s, a], size: int) -> f32[...s, size]\n// gives f32[16]");
    expect(shown).toContain("Twice a dense layer.");
  });

  it("shows a layer of the library, a data set's fields, a param with its value, a step's field", async () => {
    expect(await hover("|> flat‸ten")).toContain("// gives f32[49]");
    expect(await hover("data: dig‸its.train")).toMatch(/let digits: /);
    expect(await hover("digits.tr‸ain")).toMatch(/train: dataset/);
    expect(await hover("epochs: ep‸ochs")).toContain("param epochs: int = 3\n```\n\nHow long to train.");
    expect(await hover("ba‸tch: 50")).toMatch(/batch: /);
    expect(await hover("ad‸am(rate")).toMatch(/adam\(rate/);
    expect(await hover("ad‸am(rate")).toContain("- `beta1` (`0.9`): The share of the running mean of gradients");
    expect(await hover("glyphs(n‸:")).toContain("How many digits are drawn to train with");
  });

  it("shows nothing where nothing stands", async () => {
    expect(await hover("‸\n/// How long")).toBe("");
  });
});

describe("inlay hints", () => {
  it("are the shape after every stage", async () => {
    const { textDocument } = await client.at("main.mtt", `‸${program}`);
    const hints = await client.connection.sendRequest(InlayHintRequest.type, {
      textDocument,
      range: { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } },
    });
    const lines = program.split("\n");
    expect(
      hints?.map(
        ({ label, position }) => `${lines[position.line]?.slice(0, position.character).trim()} ${String(label)}`,
      ),
    ).toEqual(["|> avg_pool(4x4) f32[7, 7, 1]", "|> flatten f32[49]", "|> twice(16) f32[16]", "|> dense(10) f32[10]"]);
  });
});

describe("completion", () => {
  const complete = async (around: string, instead = around.replace("‸", "")) => {
    const text = program.replace(instead, () => around);
    const found = await client.connection.sendRequest(CompletionRequest.type, await client.at("main.mtt", text));
    const items = found === null ? [] : "items" in found ? found.items : found;
    return items
      .toSorted((a, b) => ((a.sortText ?? a.label) < (b.sortText ?? b.label) ? -1 : 1))
      .map(({ label }) => label);
  };

  it("of stages after a pipe: blocks, layers, operations", async () => {
    const labels = await complete("|> ‸\n  |> dense(10)", "|> dense(10)");
    expect(labels).toEqual(expect.arrayContaining(["twice", "conv2d", "dense", "flatten", "relu"]));
    expect(labels).not.toContain("adam");
  });

  it("of the fields of a step that are not given yet", async () => {
    const labels = await complete("batch: 50\n  ‸", "batch: 50");
    expect(labels).toEqual(expect.arrayContaining(["seed", "regularize", "validate"]));
    expect(labels).not.toContain("optimizer");
  });

  it("of a data set's parts and of what fits a field", async () => {
    expect(await complete("data: digits.‸", "data: digits.train")).toEqual(["test", "train"]);
    const optimizers = await complete("optimizer: ‸", "optimizer: adam(rate: 0.01)");
    expect(optimizers.slice(0, 3)).toEqual(expect.arrayContaining(["adam"]));
    expect((await complete("network: ‸", "network: Small"))[0]).toBe("Small");
  });

  it("of arguments, imports and their paths", async () => {
    expect(await complete("adam(‸)", "adam(rate: 0.01)")).toContain("rate");
    expect(await complete("import { ‸ } from", "import { twice } from")).toEqual(["twice"]);
    const paths = await complete('from "‸"', 'from "shared"');
    expect(paths.slice(0, 2)).toEqual(["shared.mtt", "sub/other.mtt"]);
    expect(paths).toContain("std/layers");
  });

  it("has nothing to say in a comment", async () => {
    expect(await complete("/// How ‸", "/// How")).toEqual([]);
  });
});

describe("signature help", () => {
  it("shows the parameters, and which comes next", async () => {
    const shown = await client.connection.sendRequest(
      SignatureHelpRequest.type,
      await client.at("main.mtt", program.replace("twice(16)", "twice(‸)")),
    );
    const [first] = shown?.signatures ?? [];
    expect(first?.label).toBe("twice(x: f32[...s, a], size: int) -> f32[...s, size]");
    // The pipe fills `x`.
    expect(first?.activeParameter).toBe(1);
  });

  it("says what a parameter of a built-in means", async () => {
    const shown = await client.connection.sendRequest(
      SignatureHelpRequest.type,
      await client.at("main.mtt", program.replace("adam(rate: 0.01)", "adam(‸)")),
    );
    const parameters = shown?.signatures[0]?.parameters ?? [];
    expect(parameters.map(({ documentation }) => documentation)).toEqual(
      expect.arrayContaining([
        expect.stringContaining("What a step multiplies"),
        expect.stringContaining("running mean"),
      ]),
    );
    expect(parameters.filter(({ documentation }) => documentation === undefined)).toEqual([]);
  });
});

describe("places", () => {
  it("go to a definition, in another file and in the library, which can be opened", async () => {
    const go = async (around: string) => {
      const found = await client.connection.sendRequest(
        DefinitionRequest.type,
        await client.at("main.mtt", mark(around)),
      );
      return found === null || Array.isArray(found) ? undefined : found;
    };
    expect(place((await go("|> tw‸ice"))!)).toBe("shared.mtt:4 twice");
    expect(place((await go("epochs: ep‸ochs"))!)).toBe("main.mtt:4 epochs");
    expect(place((await go('from "sha‸red"'))!)).toBe("shared.mtt:1 ");
    const library = (await go("|> flat‸ten"))!;
    const text = readFileSync(fileURLToPath(library.uri), "utf8");
    expect(TextDocument.create("", "mtt", 1, text).getText(library.range)).toBe("flatten");
  });

  it("find references in all files, and highlights in this one", async () => {
    const params = await client.at("main.mtt", mark("|> tw‸ice"));
    const found = await client.connection.sendRequest(ReferencesRequest.type, {
      ...params,
      context: { includeDeclaration: true },
    });
    expect(found?.map(place).sort()).toEqual([
      "main.mtt:1 twice",
      "main.mtt:12 twice",
      "shared.mtt:4 twice",
      "sub/other.mtt:1 twice",
    ]);
    const here = await client.connection.sendRequest(DocumentHighlightRequest.type, params);
    expect(here?.map(({ range }) => range.start.line)).toEqual([0, 11]);
  });

  it("rename in all files that import the name", async () => {
    const params = await client.at("main.mtt", mark("|> tw‸ice"));
    expect(await client.connection.sendRequest(PrepareRenameRequest.type, params)).toMatchObject({
      start: { line: 11, character: 5 },
      end: { line: 11, character: 10 },
    });
    const edit = await client.connection.sendRequest(RenameRequest.type, { ...params, newName: "double" });
    const changed = Object.entries(edit?.changes ?? {}).map(([uri, edits]) => {
      const path = fileURLToPath(uri);
      const name = path.slice(folder.length + 1);
      const text = client.text(name) === "" ? readFileSync(path, "utf8") : client.text(name);
      return [name, TextDocument.applyEdits(TextDocument.create(uri, "mtt", 1, text), edits)];
    });
    expect(Object.fromEntries(changed)).toEqual({
      "main.mtt": program.replaceAll("twice", "double"),
      "shared.mtt": shared.replaceAll("twice", "double"),
      "sub/other.mtt": 'import { double } from "../shared"\n',
    });
  });

  it.each([
    ["|> tw‸ice", "dense layer", "is not a name"],
    ["|> tw‸ice", "digits", "`digits` is a name already in main.mtt"],
    ["|> tw‸ice", "_own", "would be private"],
    ["|> flat‸ten", "flat", "standard library"],
    ["batch: 5‸0", "x", "nothing with a name of yours"],
  ])("refuse to rename %s to %s", async (around, newName, why) => {
    const params = await client.at("main.mtt", mark(around));
    await expect(client.connection.sendRequest(RenameRequest.type, { ...params, newName })).rejects.toThrow(why);
  });
});

describe("the document", () => {
  it("has symbols, folds and tokens", async () => {
    const { textDocument } = await client.at("main.mtt", `‸${program}`);
    const symbols = await client.connection.sendRequest(DocumentSymbolRequest.type, { textDocument });
    expect(symbols?.map(({ name }) => name)).toEqual(["epochs", "digits", "Small", "model"]);
    const folds = await client.connection.sendRequest(FoldingRangeRequest.type, { textDocument });
    expect(folds?.map(({ startLine, endLine }) => [startLine, endLine])).toEqual([
      [7, 12],
      [14, 21],
    ]);
    const tokens = await client.connection.sendRequest(SemanticTokensRequest.type, { textDocument });
    expect((tokens?.data.length ?? 0) / 5).toBeGreaterThan(20);
    // The first: `twice`, line 0, character 9, five letters, a function.
    expect(tokens?.data.slice(0, 4)).toEqual([0, 9, 5, 2]);
    const all = await client.connection.sendRequest(WorkspaceSymbolRequest.type, { query: "twc" });
    expect(all?.map(({ name }) => name)).toEqual(["twice"]);
  });

  it("is formatted as by `mtt fmt`", async () => {
    const { textDocument } = await client.at(
      "main.mtt",
      `‸${program.replace("adam(rate: 0.01)", "adam( rate:0.01 )")}`,
    );
    const edits = await client.connection.sendRequest(DocumentFormattingRequest.type, {
      textDocument,
      options: { tabSize: 2, insertSpaces: true },
    });
    const before = TextDocument.create("", "mtt", 1, client.text("main.mtt"));
    expect(TextDocument.applyEdits(before, edits ?? [])).toBe(program);
  });

  const actionsFor = async (text: string) => {
    const { textDocument } = await client.at("main.mtt", `‸${text}`);
    const said = await client.diagnostics("main.mtt");
    const actions = await client.connection.sendRequest(CodeActionRequest.type, {
      textDocument,
      range: said[0]!.range,
      context: { diagnostics: [...said] },
    });
    const repaired = (actions ?? []).map((action) => {
      const edits = "edit" in action ? Object.values(action.edit?.changes ?? {}).flat() : [];
      const before = TextDocument.create("", "mtt", 1, client.text("main.mtt"));
      return [action.title, TextDocument.applyEdits(before, edits)];
    });
    return { codes: said.map(({ code }) => code), repaired };
  };

  it("is repaired by code actions", async () => {
    const { codes, repaired } = await actionsFor(program.replace("|> flatten", "|> flaten").replace("batch:", "bach:"));
    expect(codes).toEqual(["MTT2001", "MTT4101"]);
    expect(repaired.at(0)?.[1]).toBe(program.replace("batch:", "bach:"));
    expect(repaired.at(-1)).toEqual(["repair all that is safe to repair", program]);
  });

  it("gets the stage that it lacks by a code action", async () => {
    const { codes, repaired } = await actionsFor(program.replace("|> flatten\n  |> twice(16)\n  ", ""));
    expect(codes).toEqual(["MTT3004"]);
    expect(repaired[0]).toEqual([
      "put `|> flatten` before it",
      program.replace("|> flatten\n  |> twice(16)\n  ", "|> flatten "),
    ]);
  });
});

describe("diagnostics", () => {
  it("follow an edit of the file that is imported, opened or on the disk", async () => {
    await client.at("main.mtt", `‸${program}`);
    expect(await client.diagnostics("main.mtt")).toEqual([]);
    await client.open("shared.mtt", shared.replace("twice", "thrice"));
    await client.diagnostics("shared.mtt");
    await client.settled();
    expect(client.said("main.mtt").length).toBeGreaterThan(0);
    await client.close("shared.mtt");
    await client.edit("main.mtt", { start: 0, end: 0, text: "" });
    expect(await client.diagnostics("main.mtt")).toEqual([]);
  });

  it("carry the pipeline's shapes, the help, and UTF-16 positions", async () => {
    const { textDocument } = await client.at(
      "main.mtt",
      `‸let smile = "😀" + dense\n${program.replace("|> flatten", "|> conv2d(8, 3x3)\n  |> conv2d(8, 9x9)")}`,
    );
    const said = await client.diagnostics("main.mtt");
    expect(textDocument.uri).toBe(client.uri("main.mtt"));
    const conv = said.find(({ message }) => String(message).includes("conv2d"));
    expect(conv?.message).toMatch(/= .*f32\[/);
    expect(said.some(({ range }) => range.start.line === 0 && range.start.character >= 12)).toBe(true);
  });
});
