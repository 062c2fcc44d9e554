import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import type { Server } from "node:http";
import { resolve } from "node:path";
import { promisify } from "node:util";
import axe from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { folderOf, removeFolders } from "../cli/mtt.ts";
import { openBrowser } from "../report/browser.ts";
import { serve } from "./server.ts";

const root = resolve(import.meta.dirname, "../..");

let server: Server;
let browser: Browser;
let address = "";
let pages: readonly string[] = [];

beforeAll(async () => {
  const folder = folderOf();
  await promisify(execFile)(process.execPath, ["--import", "tsx", "tools/site/build.ts"], {
    cwd: root,
    env: { ...process.env, MTT_SITE: folder, NODE_ENV: "production" },
  });
  pages = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".html") && file !== "404.html")
    .sort();
  ({ server, address } = await serve(folder));
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  server?.close();
  removeFolders();
});

// What runs in the page is text: the project's own types know no page.
const LINKS = `[...document.querySelectorAll("a[href]")].map((a) => new URL(a.getAttribute("href"), location.href).href)`;
const IDS = `[...document.querySelectorAll("[id]")].map(({ id }) => id)`;
const AXE = `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"] }).then(({ violations }) =>
  violations.map(({ id, nodes }) => id + ": " + nodes.slice(0, 3).map(({ html }) => html)))`;
const COLOURS = `[...document.querySelectorAll("figure.program pre code span")].map((span) => getComputedStyle(span).color)`;
/** Every page is opened anyway: none needs to fetch those that it links to. */
const NO_PREFETCH = `Object.defineProperty(navigator, "connection", { value: { saveData: true } })`;
const WIDER = "document.documentElement.scrollWidth - innerWidth";

/** A page that keeps what it says and whom it asks. */
const opened = async (options: BrowserContextOptions = {}) => {
  const page = await browser.newPage(options);
  const said: string[] = [];
  page.on("console", (message) => said.push(`${page.url()}: ${message.text()}`));
  page.on("pageerror", (error) => said.push(`${page.url()}: ${error}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(`${address}/`) && !request.url().startsWith("data:"))
      said.push(`${page.url()} asks ${request.url()}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) said.push(`${page.url()}: ${response.status()} of ${response.url()}`);
  });
  return { page, said };
};

const textsOf = async (page: Page, expression: string): Promise<readonly string[]> => page.evaluate(expression);

describe("the site of docs/ in Chromium", () => {
  it("opens every page without an error or a request to another host, and every link of it has its place", async () => {
    expect(pages.length).toBeGreaterThan(120);
    const links = new Map<string, string>();
    const places = new Set<string>();
    const read = async (files: readonly string[]) => {
      const { page, said } = await opened();
      await page.addInitScript(NO_PREFETCH);
      for (const file of files) {
        await page.goto(`${address}/${file}`, { waitUntil: "load" });
        for (const id of await textsOf(page, IDS)) places.add(`${address}/${file}#${id}`);
        places.add(`${address}/${file}`);
        for (const link of await textsOf(page, LINKS)) if (!links.has(link)) links.set(link, file);
      }
      await page.close();
      return said;
    };
    const half = Math.ceil(pages.length / 2);
    expect((await Promise.all([read(pages.slice(0, half)), read(pages.slice(half))])).flat()).toEqual([]);
    const placeOf = (link: string) => decodeURIComponent(link.replace(/\/(#|$)/, "/index.html$1").replace(/#$/, ""));
    const broken = [...links]
      .filter(([link]) => link.startsWith(`${address}/`) && !places.has(placeOf(link)))
      .map(([link, file]) => `${file}: ${link}`);
    expect(broken).toEqual([]);
    const elsewhere = [...links].filter(([link]) => !link.startsWith(`${address}/`));
    expect(elsewhere.filter(([link]) => !link.startsWith("https://"))).toEqual([]);
  }, 300_000);

  it.each([
    ["MTT3004", /\/diagnostics\/MTT3004\.html/],
    ["ekfac", /\/(stdlib|guide)\/\w+\.html#/],
  ])("finds %s, and opens its page", async (word, place) => {
    const { page, said } = await opened();
    await page.goto(`${address}/`);
    await page.getByRole("button", { name: "Search" }).first().click();
    await page.locator("#localsearch-input").fill(word);
    await page.locator("#localsearch-list a").first().waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(place);
    await page.locator("main").getByText(word).first().waitFor();
    expect(said).toEqual([]);
    await page.close();
  });

  it("highlights programs by our own grammar", async () => {
    const { page } = await opened();
    await page.goto(`${address}/guide/start.html`);
    const code = page.locator("figure.program pre code").first();
    expect(await code.textContent()).toContain("train classifier {\n  network: Small");
    expect(new Set(await textsOf(page, COLOURS)).size).toBeGreaterThanOrEqual(4);
    await page.close();
  });

  const views = [
    ["light", { colorScheme: "light", viewport: { width: 1280, height: 900 } }],
    ["dark", { colorScheme: "dark", viewport: { width: 1280, height: 900 } }],
    ["narrow", { colorScheme: "light", viewport: { width: 360, height: 740 } }],
  ] as const;
  const kinds = [
    "index.html",
    "guide/start.html",
    "language/steps.html",
    "stdlib/layers.html",
    "cli.html",
    "diagnostics/MTT3004.html",
    "api/effect.html",
  ];

  it.each(views)("%s: axe finds nothing on any kind of page, and nothing is wider than it", async (_, view) => {
    const { page, said } = await opened(view);
    for (const file of kinds) {
      await page.goto(`${address}/${file}`);
      expect(await page.evaluate(WIDER), file).toBeLessThanOrEqual(0);
      await page.evaluate(axe.source);
      expect(await textsOf(page, AXE), file).toEqual([]);
    }
    expect(said).toEqual([]);
    await page.close();
  });
});
