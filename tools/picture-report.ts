/** `npm run pictures -- REPORT.html`: pictures of the report of pipelines/mnist.mtt for docs/, as Chromium shows it. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { openBrowser } from "../test/report/browser.ts";

const [report] = process.argv.slice(2);
if (report === undefined) throw new Error("npm run pictures -- REPORT.html");
const docs = resolve(import.meta.dirname, "../docs");
const address = pathToFileURL(resolve(report)).href;

const browser = await openBrowser();
for (const colorScheme of ["light", "dark"] as const) {
  const page = await browser.newPage({ colorScheme, viewport: { width: 1040, height: 900 } });
  await page.goto(address);
  await page.screenshot({ path: `${docs}/report-${colorScheme}.png` });
  if (colorScheme === "light") {
    const first = page.locator("article");
    const [top, bottom] = [await first.nth(0).boundingBox(), await first.nth(1).boundingBox()];
    if (top === null || bottom === null) throw new Error("the report shows no gallery of an influence");
    const clip = { x: 0, y: top.y, width: 1040, height: bottom.y + bottom.height - top.y };
    await page.screenshot({ path: `${docs}/gallery.png`, fullPage: true, clip });
  }
  await page.close();
}
const phone = await browser.newPage({ viewport: { width: 390, height: 844 } });
await phone.goto(address);
await phone.screenshot({ path: `${docs}/report-narrow.png` });
await browser.close();
