import { pathToFileURL } from "node:url";
import axe from "axe-core";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { finished, folderOf, mtt, removeFolders } from "../cli/mtt.ts";
import { openBrowser } from "./browser.ts";

/** Every picture there is, of images, of rows of a table and of vectors. */
const program = `/// <b>Escaped</b>: "a" & 'b'
let digits = glyphs(n: 200, seed: 1)
network Net(image: f32[28, 28, 1]) -> f32[10] = image |> conv(2, stride: 2x2) |> lrelu |> flatten |> dense(10)
train model { network: Net, data: digits.train, loss: softmax_cross_entropy, optimizer: adam(rate: 0.01), batch: 50, epochs: 3, seed: 1, validate: digits.test }
evaluate on_test { model: model, data: digits.test, metrics: [accuracy, loss, top(3)] }
influence blame { model: model, test: digits.test |> take(2), method: grad_dot() }
influence solved { model: model, test: digits.test |> take(1), method: ekfac() }
validate loo { influence: blame, by: leave_one_out(count: 4) }

let unread = glyphs(n: 10, seed: 2)
let people = csv("people.csv", fields: { age: f32[], height: f32[], label: class[2] })
network Plain(age: f32[], height: f32[]) -> f32[2] = concat(reshape(age, [1]), reshape(height, [1])) |> dense(2)
train by_rows { network: Plain, data: people, loss: softmax_cross_entropy, optimizer: sgd(rate: 0.001), batch: 8, epochs: 1, seed: 1 }
influence of_rows { model: by_rows, test: people |> take(1), method: grad_dot() }

let waves = npy(fields: { wave: "wave.npy" as f32[64], label: "label.npy" as class[2] })
report page {
  title: "Images, rows & vectors"
  show: [summary(Net), curves(model), confusion(on_test), histogram(on_test), gallery(blame, top: 3), scatter(loo), certificate(blame), certificate(solved), table(on_test),
    gallery(of_rows, top: 2), gallery(waves, top: 3)]
}
`;

/** NumPy's file of one array. */
const npy = (descr: string, shape: string, data: Float32Array | Int32Array): Uint8Array => {
  const head = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`;
  const text = `${head.padEnd(117)}\n`;
  return Buffer.concat([
    Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length, 0]),
    Buffer.from(text, "latin1"),
    Buffer.from(data.buffer),
  ]);
};

const views = [
  ["light", { colorScheme: "light", viewport: { width: 1280, height: 900 } }],
  ["dark", { colorScheme: "dark", viewport: { width: 1280, height: 900 } }],
  ["narrow", { colorScheme: "light", viewport: { width: 360, height: 740 } }],
] as const;

let browser: Browser;
let address = "";

beforeAll(async () => {
  const rows = Array.from({ length: 24 }, (_, i) => `${20 + i},${1.5 + (i % 7) / 10},${i % 2}`);
  const cwd = folderOf({
    "p.mtt": program,
    "people.csv": ["age,height,label", ...rows].join("\n"),
    "wave.npy": npy(
      "<f4",
      "4, 64",
      Float32Array.from({ length: 256 }, (_, i) => Math.sin(i / 5)),
    ),
    "label.npy": npy("<i4", "4,", Int32Array.of(0, 1, 1, 0)),
  });
  const { stdout, code, stderr } = await mtt(["run", "p.mtt", "page", "--format", "json"], { cwd });
  if (code !== 0) throw new Error(stdout + stderr);
  address = pathToFileURL(String(finished(stdout).steps.page!.result.file)).href;
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  removeFolders();
});

// What runs in the page is text: the project's own types know no page.
const OPEN_ALL = "for (const one of document.querySelectorAll('details')) one.open = true";
const AXE = `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"] }).then(({ violations }) =>
  violations.map(({ id, nodes }) => id + ": " + nodes.slice(0, 3).map(({ html }) => html)))`;
const BROKEN_LINKS = `[...document.querySelectorAll("a")].map((a) => a.getAttribute("href"))
  .filter((href) => !href.startsWith("#") || document.getElementById(href.slice(1)) === null)`;
const REPEATED_IDS = `(() => { const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  return ids.filter((id, i) => ids.indexOf(id) !== i); })()`;
const WIDER = `document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
  .filter((one) => one.getBoundingClientRect().right > innerWidth && one.closest(".wide, pre") === null).map((one) => one.outerHTML.slice(0, 200))`;
const PAPER = "getComputedStyle(document.body).backgroundColor";

describe("a report in Chromium", () => {
  it.each(views)("%s: no error, no request, nothing wider than the page, and axe finds nothing", async (_, view) => {
    const page = await browser.newPage(view);
    const said: string[] = [];
    const asked: string[] = [];
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(String(error)));
    page.on("request", (request) => {
      if (request.url() !== address && !request.url().startsWith("data:")) asked.push(request.url());
    });
    await page.goto(address);
    // What is folded is judged too.
    await page.evaluate(OPEN_ALL);
    expect(await page.evaluate(WIDER)).toEqual([]);
    await page.evaluate(axe.source);
    expect(await page.evaluate(AXE)).toEqual([]);
    expect(said).toEqual([]);
    expect(asked).toEqual([]);
    await page.close();
  });

  it("leads a keyboard and a screen reader through: the first key skips to the results, links have their places, pictures their texts", async () => {
    const page = await browser.newPage();
    await page.goto(address);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await page.evaluate("location.hash")).toBe("#main");
    expect(await page.locator("a").count()).toBeGreaterThan(20);
    expect(await page.evaluate(BROKEN_LINKS)).toEqual([]);
    expect(await page.evaluate(REPEATED_IDS)).toEqual([]);
    expect(await page.locator("section").count()).toBe(await page.locator("nav a").count());
    expect(await page.locator("svg:not([aria-label]):not([aria-hidden]), img:not([alt])").count()).toBe(0);
    expect(await page.getByRole("region", { name: "Training examples behind blame" }).count()).toBe(1);
    await page.close();
  });

  it("begins with what the checker and the run warned of", async () => {
    const page = await browser.newPage();
    await page.goto(address);
    const region = page.getByRole("region").first();
    expect(await region.getByRole("heading").textContent()).toBe("3 warnings");
    const items = await region.getByRole("listitem").allTextContents();
    expect(items[0]).toMatch(/^MTT2015 .*unread.*p\.mtt:10:5 let unread = glyphs/);
    expect(items[1]).toMatch(/^MTT5002 solved: the model is no minimum .*p\.mtt:7:11 influence solved/);
    expect(items[2]).toMatch(/^MTT5002 loo: /);
    await region.getByRole("link").first().click();
    expect(await page.evaluate("location.hash")).toBe("#program-0");
    await page.close();
  });

  it("prints on paper as it is in light, whatever the reader's screen", async () => {
    const page = await browser.newPage({ colorScheme: "dark" });
    await page.goto(address);
    expect(await page.evaluate(PAPER)).toBe("rgb(23, 24, 27)");
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    expect(await page.evaluate(PAPER)).toBe("rgb(252, 252, 251)");
    const pdf = await page.pdf({ format: "A4" });
    expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
    await page.close();
  });

  it("shows the program as it is written, coloured by our own lexer", async () => {
    const page = await browser.newPage();
    await page.goto(address);
    expect(await page.locator("pre code").textContent()).toBe(program);
    const keywords = await page.locator("pre .keyword").allTextContents();
    expect(keywords.filter((word) => word === "train")).toHaveLength(2);
    expect(await page.locator("pre .comment").first().textContent()).toBe(program.split("\n")[0]);
    await page.close();
  });
});
