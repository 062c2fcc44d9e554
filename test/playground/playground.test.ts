import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { isBuiltin } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { compile } from "../../src/compile.ts";
import { buildPlayground } from "../../tools/build-playground.ts";
import { openBrowser } from "../report/browser.ts";

const wrong = `let digits = mnist()
network Net(image: f32[28, 28, 1]) -> f32[10] =
  image
  |> conv(8, stride: 2x2)
  |> dense(10)
train model { network: Net, data: digits.train, loss: softmax_cross_entropy, optimizer: adam(rate: 0.01), epochs: 1 }
`;
const right = wrong.replace("|> dense", "|> flatten |> dense");

const types: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

const folder = mkdtempSync(join(tmpdir(), "mtt-playground-"));
let inputs: readonly string[];
let server: Server;
let home: string;
let browser: Browser;
let page: Page;
/** What the page asked for, and what it said to the console. */
let requests: string[] = [];
let said: string[] = [];

const open = async (hash = "", browserOf = browser): Promise<Page> => {
  const context = await browserOf.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
  const opened = await context.newPage();
  opened.on("request", (request) => requests.push(request.url()));
  opened.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
  opened.on("pageerror", (error) => said.push(String(error)));
  await opened.goto(home + hash);
  await opened.waitForSelector("body[data-ready]");
  return opened;
};

/** Waits until what the editor holds is checked, and has so many diagnostics. */
const checked = (count: number, of = page) => of.waitForSelector(`body[data-checked="${count}"]`);

/** The text of the editor's document: its lines, without what only decorates them. */
const textOf = (of = page): Promise<string> =>
  of.evaluate<string>(`[...document.querySelectorAll(".cm-line")].map((line) => {
    const copy = line.cloneNode(true);
    for (const hint of copy.querySelectorAll(".shape-hint")) hint.remove();
    return copy.textContent;
  }).join("\\n")`);

const clipboard = (): Promise<string> => page.evaluate<string>("navigator.clipboard.readText()");

const write = async (text: string, of = page) => {
  await of.locator(".cm-content").click();
  await of.keyboard.press("Control+a");
  await of.keyboard.insertText(text);
};

beforeAll(async () => {
  inputs = await buildPlayground(folder);
  server = createServer(({ url = "/" }, answer) => {
    const path = new URL(url, "http://localhost").pathname;
    try {
      const bytes = readFileSync(join(folder, path === "/" ? "index.html" : path));
      answer.setHeader("content-type", types[extname(path) || ".html"] ?? "application/octet-stream").end(bytes);
    } catch {
      answer.writeHead(404).end();
    }
  }).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  home = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  requests = [];
  said = [];
  page = await open();
  return async () => {
    await page.context().close();
    expect(said).toEqual([]);
    // The page, its style and its script, and nothing else from anywhere.
    expect(new Set(requests.map((url) => url.replace(/[#?].*/, "")))).toEqual(
      new Set([home, `${home}playground.css`, `${home}playground.js`]),
    );
  };
});

describe("the playground's script", () => {
  it("is made of the compiler's pure rooms and the language server's parts, without Node and without Effect", () => {
    expect(inputs.filter((input) => isBuiltin(input) || input.includes("node_modules/effect/"))).toEqual([]);
    const rooms = inputs.flatMap((input) => (input.startsWith("src/") ? [input.split("/")[1]!] : []));
    const pure = ["check", "compile.ts", "diagnostic", "elaborate", "format", "generated", "influence", "ir"];
    expect([...new Set(rooms)].sort()).toEqual(
      [...pure, "learn", "lsp", "plan", "random", "shape", "syntax", "transform"].sort(),
    );
  });
});

describe("the playground", () => {
  it("shows the coded message of a wrong program at its place, and mends it", async () => {
    await write(wrong);
    await checked(1);
    expect(await page.locator(".cm-lintRange-error").allTextContents()).toEqual(["dense(10)"]);
    const message = page.locator("#problems article.error");
    expect(await message.locator("pre").first().textContent()).toContain(
      "error[MTT3004]: dense(10) got f32[14, 14, 8], and needs one axis",
    );
    await message.locator("summary").click();
    expect(await message.locator(".page").textContent()).toMatch(/^# MTT3004: /);
    await page.getByRole("button", { name: "put `|> flatten` before it" }).click();
    await checked(0);
    expect(await textOf()).toBe(right);
    expect(await page.locator("#problems").textContent()).toBe("Nothing to mend.");
  });

  it("checks what is typed letter by letter", async () => {
    await write(`${right}\n`);
    await checked(0);
    await page.keyboard.press("Control+End");
    await page.keyboard.type("let a = anything");
    await page.keyboard.press("Escape");
    await page.waitForSelector("#problems article.error");
    expect(await page.locator("#problems pre").first().textContent()).toContain(
      "error[MTT2001]: there is no `anything`",
    );
    expect(await page.locator(".cm-lintRange-error").allTextContents()).toEqual(["anything"]);
  });

  it("shows the shape after every stage, in the text, in the table and in the picture", async () => {
    await write(right);
    await checked(0);
    const hints = ["f32[14, 14, 8]", "f32[1568]", "f32[10]"];
    await page.waitForFunction(`document.querySelectorAll(".shape-hint").length === ${hints.length}`);
    expect(await page.locator(".shape-hint").allTextContents()).toEqual(hints);
    const rows = await page.evaluate<string[][]>(
      `[...document.querySelectorAll("#tables tbody tr")].map(({ cells }) => [...cells].slice(0, 3).map((cell) => cell.textContent))`,
    );
    expect(rows).toEqual([
      ["conv(8, stride: 2x2)", "f32[14, 14, 8]", "80"],
      ["flatten", "f32[1568]", ""],
      ["dense(10)", "f32[10]", "15,690"],
      ["total", "f32[10]", "15,770"],
    ]);
    const labels = async () => page.locator("#picture svg text").allTextContents();
    await page.waitForSelector('#picture svg[aria-label="The network Net"]');
    expect(await labels()).toEqual(
      expect.arrayContaining(["image", "conv(8, stride: 2x2)", "f32[14, 14, 8]", "15,690 parameters", "result"]),
    );
    await page.selectOption("#drawn", "the plan");
    await page.waitForSelector('#picture svg[aria-label="The plan"]');
    expect(await labels()).toEqual(["data (mnist) digits.train", "train model", "data (mnist) digits.test"]);
  });

  it("says what a word is on hover, and completes what is written", async () => {
    await write(right);
    await checked(0);
    await page.getByText("flatten", { exact: true }).first().hover();
    await page.waitForSelector(".cm-tooltip .hover");
    expect(await page.locator(".hover").textContent()).toMatch(
      /block flatten\(x: f32\[\.\.\.s\]\)[\s\S]*gives f32\[1568\]/,
    );
    await write("network N(x: f32[4, 4]) -> f32[16] = x |> fla");
    await page.keyboard.press("Control+Space");
    await page.waitForSelector(".cm-tooltip-autocomplete li[aria-selected]");
    expect(await page.locator(".cm-tooltip-autocomplete li[aria-selected]").textContent()).toBe("flatten");
    await page.locator(".cm-tooltip-autocomplete li[aria-selected]").click();
    expect(await textOf()).toBe("network N(x: f32[4, 4]) -> f32[16] = x |> flatten");
  });

  it("formats", async () => {
    await write("let   a=1\nassert a==1\n");
    await page.getByRole("button", { name: "Format" }).click();
    expect(await textOf()).toBe("let a = 1\nassert a == 1\n");
    await write("let a =");
    await page.getByRole("button", { name: "Format" }).click();
    expect(await page.locator("#status").textContent()).toContain("once its syntax is right");
  });

  it("carries the program in a link, which a fresh page opens", async () => {
    const text = `/// Größe 😀 <b>&amp;</b>\n${right}`;
    await write(text);
    await checked(0);
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.getByText("holds the whole program").waitFor();
    const link = await clipboard();
    expect(link).toBe(page.url());
    expect(link.startsWith(`${home}#program=`)).toBe(true);
    const fresh = await open(link.slice(home.length));
    await checked(0, fresh);
    expect(await textOf(fresh)).toBe(text);
    await fresh.context().close();
  });

  it("says so of a link that carries none, and shows an example", async () => {
    const fresh = await open("#program=AAAA");
    expect(await fresh.locator("#status").textContent()).toContain("holds no program");
    expect(await textOf(fresh)).toContain("network Digits");
    await fresh.context().close();
  });

  it("has examples, each of which says what the command line says of it", async () => {
    const names = await page.evaluate<string[]>(
      `[...document.querySelectorAll("#example option")].map(({ value }) => value).filter((value) => value !== "")`,
    );
    expect(names.length).toBeGreaterThan(5);
    const counts = new Map<string, number>();
    for (const name of names) {
      await page.selectOption("#example", name);
      await page.locator(".cm-content").click();
      await page.keyboard.press("Control+a");
      await page.keyboard.press("Control+c");
      const text = await clipboard();
      const { diagnostics } = compile("a.mtt", new Map([["a.mtt", text]]));
      await checked(diagnostics.length);
      counts.set(name, diagnostics.length);
      expect(new URL(page.url()).hash).toBe(`#example=${name}`);
    }
    expect([...counts].filter(([, count]) => count > 0)).toEqual([["five", 5]]);
  });

  it.each(["light", "dark"] as const)("can be read by everyone, in the %s", async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await page.selectOption("#example", "five");
    await checked(5);
    await page.evaluate(axe.source);
    expect(
      await page.evaluate<string[]>(
        `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" ")))`,
      ),
    ).toEqual([]);
  });
});
