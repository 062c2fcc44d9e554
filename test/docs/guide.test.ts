import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { removeFolders } from "../cli/mtt.ts";
import { docs, pagesIn, readPage } from "./pages.ts";

afterAll(removeFolders);

const pages = pagesIn("guide");

describe("the guide", () => {
  it("lists its chapters in their order", () => {
    const listed = [...readFileSync(join(docs, "guide/README.md"), "utf8").matchAll(/^\d+\. \[.*\]\((.*)\)/gm)].map(
      ([, file]) => `guide/${file}`,
    );
    expect(listed.toSorted()).toEqual(pages.filter((page) => page !== "guide/README.md"));
  });

  it.each(["README.md", ...pages])("%s: its programs are right and its commands print what it shows", readPage);
});
