import { dirname, join, relative } from "node:path";
import type { MarkdownOptions } from "vitepress";

type MarkdownIt = Parameters<NonNullable<MarkdownOptions["config"]>>[0];

/** What stands above a program: its file, or what is wrong with it. `mtt right` and its like say nothing that the text does not. */
const captionOf = (language: string, [first = "", second = ""]: readonly string[]): string => {
  if (language === "console" || language === "") return "";
  if (first === "wrong") return second.startsWith("MTT") ? `wrong: ${second}` : "wrong";
  if (first === "right" || first === "source" || first === "signature") return "";
  return second === "more" ? `${first}, further` : first;
};

/** Fences of docs/ are `language word…`: the words tell the tests what the program is, and readers a caption. */
export const fences = (md: MarkdownIt): void => {
  const fence = md.renderer.rules.fence!;
  md.renderer.rules.fence = (tokens, i, ...rest) => {
    const token = tokens[i]!;
    const [language = "", ...words] = token.info.trim().split(" ");
    token.info = language === "" ? "text" : language;
    const html = fence(tokens, i, ...rest);
    const caption = captionOf(language, words);
    const kind = words.find((word) => word === "wrong" || word === "right") ?? "";
    return caption === "" && kind === ""
      ? html
      : `<figure class="program ${kind}">${caption === "" ? "" : `<figcaption>${md.utils.escapeHtml(caption)}</figcaption>`}${html}</figure>`;
  };
};

/** Wide tables scroll, with the keyboard too. */
export const tables = (md: MarkdownIt): void => {
  md.renderer.rules.table_open = () => '<div class="wide" tabindex="0"><table>\n';
  md.renderer.rules.table_close = () => "</table></div>\n";
};

/** The page that a file of docs/ becomes: a README is its folder's index. */
export const pageOf = (file: string): string => file.replace(/(^|\/)README\.md$/, "$1index.md");

/** Links of the repository's files, as pages of the site; what lies outside of docs/ is none, and its link is left out. */
export const links = (md: MarkdownIt): void => {
  md.core.ruler.push("site-links", ({ tokens, env }) => {
    const page: string = env.relativePath ?? "";
    for (const { children } of tokens) {
      let dropped = 0;
      for (const token of children ?? []) {
        if (token.type === "link_close" && dropped > 0) {
          dropped--;
          token.type = "html_inline";
          token.content = "";
        }
        const href = token.type === "link_open" ? token.attrGet("href") : null;
        if (href === null || /^(\w+:|#|\/)/.test(href)) continue;
        const [path = "", anchor] = href.split("#");
        const target = join(dirname(page), path);
        if (target.startsWith("..")) {
          dropped++;
          token.type = "html_inline";
          token.content = "";
        } else if (path.endsWith(".md")) {
          const place = relative(dirname(page), pageOf(target));
          token.attrSet("href", `./${place}${anchor === undefined ? "" : `#${anchor}`}`);
        }
      }
    }
  });
};
