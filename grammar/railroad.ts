import type { Node, Rule } from "./model.ts";

/** A picture of a part of a rule: it is entered at its left and left at its right, both at height 0. */
interface Picture {
  readonly width: number;
  readonly up: number;
  readonly down: number;
  /** SVG with the entrance at (x, y). */
  draw(x: number, y: number): string;
}

const character = 8;
const gap = 10;
const radius = 8;
const half = 12;

const escapeXml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
const path = (d: string): string => `<path d="${d}"/>`;
const across = (x: number, y: number, width: number): string => (width > 0 ? path(`M${x} ${y}h${width}`) : "");

const box = (text: string, rounded: boolean, link: boolean): Picture => {
  const width = text.length * character + 2 * gap;
  return {
    width,
    up: half,
    down: half,
    draw: (x, y) => {
      const shape = `<rect x="${x}" y="${y - half}" width="${width}" height="${2 * half}"${rounded ? ` rx="${half}"` : ""}/>`;
      const label = `<text x="${x + width / 2}" y="${y + 4}">${escapeXml(text)}</text>`;
      return link ? `<a href="#${text}">${shape}${label}</a>` : `<g class="token">${shape}${label}</g>`;
    },
  };
};

const nothing: Picture = { width: gap, up: 0, down: 0, draw: (x, y) => across(x, y, gap) };

const row = (items: readonly Picture[]): Picture => {
  if (items.length === 0) return nothing;
  const width = items.reduce((sum, item) => sum + item.width, gap * (items.length - 1));
  return {
    width,
    up: Math.max(...items.map((item) => item.up)),
    down: Math.max(...items.map((item) => item.down)),
    draw: (x, y) => {
      let at = x;
      return items
        .map((item, i) => {
          const before = i === 0 ? "" : across(at, y, gap);
          if (i > 0) at += gap;
          const drawn = before + item.draw(at, y);
          at += item.width;
          return drawn;
        })
        .join("");
    },
  };
};

/** The first at the height of the line, the others below it. */
const stack = (items: readonly Picture[]): Picture => {
  const inner = Math.max(...items.map((item) => item.width));
  const offsets: number[] = [];
  let y = 0;
  items.forEach((item, i) => {
    if (i > 0) y += items[i - 1]!.down + item.up + gap;
    offsets.push(y);
  });
  const width = inner + 4 * radius;
  return {
    width,
    up: items[0]!.up,
    down: y + items.at(-1)!.down,
    draw: (x, top) =>
      items
        .map((item, i) => {
          const at = top + offsets[i]!;
          const start = x + 2 * radius;
          const rest = across(start + item.width, at, inner - item.width);
          const drop = offsets[i]! - 2 * radius;
          const ways =
            i === 0
              ? across(x, at, 2 * radius) + across(x + width - 2 * radius, at, 2 * radius)
              : path(`M${x} ${top}q${radius} 0 ${radius} ${radius}v${drop}q0 ${radius} ${radius} ${radius}`) +
                path(
                  `M${x + width - 2 * radius} ${at}q${radius} 0 ${radius} ${-radius}v${-drop}q0 ${-radius} ${radius} ${-radius}`,
                );
          return ways + item.draw(start, at) + rest;
        })
        .join(""),
  };
};

/** `item`, again and again by way of `back`, which is drawn below it from right to left. */
const loop = (item: Picture, back: Picture): Picture => {
  const inner = Math.max(item.width, back.width);
  const width = inner + 4 * radius;
  const drop = Math.max(item.down + back.up + gap, 2 * radius);
  return {
    width,
    up: item.up,
    down: drop + back.down,
    draw: (x, y) => {
      const [left, right] = [x + 2 * radius, x + 2 * radius + inner];
      const below = y + drop;
      const straight = drop - 2 * radius;
      return [
        across(x, y, 2 * radius),
        item.draw(left, y),
        across(left + item.width, y, inner - item.width),
        across(right, y, 2 * radius),
        path(`M${right} ${y}q${radius} 0 ${radius} ${radius}v${straight}q0 ${radius} ${-radius} ${radius}`),
        back.draw(left, below),
        across(left + back.width, below, inner - back.width),
        path(`M${left} ${below}q${-radius} 0 ${-radius} ${-radius}v${-straight}q0 ${-radius} ${radius} ${-radius}`),
      ].join("");
    },
  };
};

const picture = (node: Node, rules: ReadonlySet<string>): Picture => {
  switch (node.kind) {
    case "literal":
      return box(node.text, true, false);
    case "name":
      return box(node.name, false, rules.has(node.name));
    case "sequence":
      return row(node.items.map((item) => picture(item, rules)));
    case "choice":
      return stack(node.items.map((item) => picture(item, rules)));
    case "option":
      return stack([nothing, picture(node.item, rules)]);
    case "repeat":
      return stack([
        nothing,
        loop(picture(node.item, rules), node.separator ? picture(node.separator, rules) : nothing),
      ]);
  }
};

const svg = (rule: Rule, rules: ReadonlySet<string>): string => {
  const { width, up, down, draw } = picture(rule.body, rules);
  const [w, h] = [width + 6 * gap, up + down + 2 * gap];
  const y = up + gap;
  const ends = `<path class="end" d="M${gap} ${y - 6}v12M${w - gap} ${y - 6}v12"/>`;
  const line = across(gap, y, 2 * gap) + draw(3 * gap, y) + across(w - 3 * gap, y, 2 * gap);
  return `<svg width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" role="img" aria-label="${rule.name}">${ends}${line}</svg>`;
};

const style = `
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #222; background: #fff; }
  h2 { font: bold 15px ui-monospace, monospace; margin: 2rem 0 .3rem; }
  div { overflow-x: auto; }
  svg path { stroke: #666; stroke-width: 1.5; fill: none; }
  svg rect { stroke: #666; stroke-width: 1.5; fill: #eef3fb; }
  svg .token rect { fill: #eaf6ec; }
  svg text { font: 13px ui-monospace, monospace; text-anchor: middle; fill: #222; }
  svg a:hover rect { fill: #d6e4fa; }
  @media (prefers-color-scheme: dark) {
    body { color: #ddd; background: #181a1b; }
    svg path, svg rect { stroke: #999; }
    svg rect { fill: #22304a; }
    svg .token rect { fill: #1f3a26; }
    svg a:hover rect { fill: #34496e; }
    svg text { fill: #ddd; }
  }
`;

/** The grammar as one page that needs nothing else: words and signs have round ends, rules are links. */
export const toRailroad = (rules: readonly Rule[]): string => {
  const names = new Set(rules.map(({ name }) => name));
  const sections = rules.map((rule) => `<h2 id="${rule.name}">${rule.name}</h2>\n<div>${svg(rule, names)}</div>\n`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>The grammar of mtt</title>
<style>${style}</style>
</head>
<body>
<h1>The grammar of mtt</h1>
<p>Written by grammar/generate.ts from the parser itself. Tokens and the strength of operators: mtt.ebnf.</p>
${sections.join("")}</body>
</html>
`;
};
