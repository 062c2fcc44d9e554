const light = `--paper: #fcfcfb; --ink: #22242a; --soft: #5d626c; --line: #dcdde1; --tile: #f1f1ef; --warn: #a4460b; --hit: #2a7d5f; --miss: #c2452d; --link: #1f55a8;
  --box: #b9cdec; --lid: #d6e2f5; --side: #8fafdf; --keyword: #8b2b6f; --string: #1d6b4a; --number: #9a4a0b; --comment: #666b75; --call: #1f55a8; --type: #6d4a00;
  --series-1: #2b62b8; --series-2: #c25a17; --series-3: #2a7d5f; --series-4: #8d4fb0; --series-5: #a98207; --series-6: #b83a68;`;
const dark = `--paper: #17181b; --ink: #e6e6e3; --soft: #a3a8b2; --line: #34363c; --tile: #202227; --warn: #f0a263; --hit: #4cb890; --miss: #ef7b62; --link: #8ab4f5;
  --box: #31517f; --lid: #456ba3; --side: #223a5e; --keyword: #e59ccb; --string: #7fd0a8; --number: #f0a263; --comment: #a3a8b2; --call: #8ab4f5; --type: #d9b740;
  --series-1: #7aa7f0; --series-2: #f0985a; --series-3: #5cc79f; --series-4: #c793e6; --series-5: #d9b740; --series-6: #ee83a9;`;

/** The page's look: light and dark by the reader's own setting, nothing loaded from anywhere, fit to be printed. */
export const style = `
:root { color-scheme: light dark; ${light} }
@media screen and (prefers-color-scheme: dark) { :root { ${dark} } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0 auto; max-width: 76rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; }
h2 { margin: 2.4rem 0 0.6rem; font-size: 1.2rem; }
h3 { margin: 0.6rem 0 0; font-size: 1rem; }
h4 { margin: 0.4rem 0 0.2rem; font-size: 0.85rem; font-weight: normal; color: var(--soft); }
p { max-width: 52rem; margin: 0.5rem 0; }
a { color: var(--link); }
:focus-visible, :target { outline: 2px solid var(--link); outline-offset: 2px; }
.skip:not(:focus) { position: absolute; left: -99rem; }
.program, .note, .soft, figcaption, small { color: var(--soft); }
.note { font-size: 0.85rem; }
header .program { margin: 0.2rem 0 0; }
nav ol { display: flex; flex-wrap: wrap; gap: 0.2rem 1.1rem; margin: 0.8rem 0 0; padding: 0.6rem 0; border: solid var(--line); border-width: 1px 0; list-style: none; font-size: 0.9rem; }
code, pre { font: 0.875em/1.5 ui-monospace, monospace; }
.wide { position: relative; overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9rem; }
caption { text-align: left; color: var(--soft); }
th, td { padding: 0.3rem 0.9rem 0.3rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; font-weight: normal; }
thead th { color: var(--soft); }
.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.total th, .total td { font-weight: 600; }
.warn { color: var(--warn); font-weight: 600; }
.said { margin: 0; padding: 0; list-style: none; }
.said li { margin: 0 0 0.8rem; padding-left: 0.8rem; border-left: 3px solid var(--warn); overflow-wrap: anywhere; break-inside: avoid; }
.said p { margin: 0.1rem 0; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.tiles, .plots, .gallery { display: flex; flex-wrap: wrap; gap: 1rem; }
.gallery { margin: 0; padding: 0; list-style: none; }
.tile { min-width: 11rem; padding: 0.8rem 1rem; border-radius: 0.4rem; background: var(--tile); }
.tile dd { display: grid; margin: 0; }
.figure { font-size: 1.6rem; line-height: 1.3; font-variant-numeric: tabular-nums; }
.interval { color: var(--soft); font-size: 0.85rem; font-variant-numeric: tabular-nums; }
figure { margin: 0; }
.plots figure { flex: 1 1 24rem; max-width: 36rem; }
figure > svg { display: block; width: 100%; height: auto; max-width: 36rem; }
figcaption { font-size: 0.85rem; }
.gallery img { display: block; width: 5.5rem; height: auto; image-rendering: pixelated; }
.asked { display: flex; flex-wrap: wrap; gap: 0.5rem 2rem; }
.asked > :first-child { padding-top: 1.6rem; }
.asked > :last-child { flex: 1 1 40rem; }
article { padding: 0.4rem 0 0.8rem; border-bottom: 1px solid var(--line); break-inside: avoid; }
.row { font-size: 0.8rem; margin-bottom: 0.2rem; }
.gallery li { max-width: 100%; }
.row .n { white-space: normal; }
.row th, .row td { padding: 0.1rem 0.6rem 0.1rem 0; }
.line { display: block; width: 9rem; height: 1.6rem; fill: none; stroke: var(--series-1); stroke-width: 1; margin-left: auto; }
.network { display: flex; flex-wrap: wrap; align-items: flex-start; gap: 0.4rem 1.4rem; margin: 0 0 1rem; padding: 0; list-style: none; font-size: 0.8rem; }
.network li { display: grid; max-width: 12rem; gap: 0.3rem; }
.network polygon { fill: var(--box); stroke: var(--paper); stroke-width: 1; }
.network .lid { fill: var(--lid); }
.network .side { fill: var(--side); }
.bar { display: block; min-width: 1px; width: var(--share); height: 0.7rem; margin-top: 0.4rem; background: var(--series-1); }
.bars td:last-child { width: min(16rem, 40vw); }
.share { width: 8rem; min-width: 6rem; }
details { margin: 0.4rem 0; }
summary { cursor: pointer; width: fit-content; }
pre { overflow-x: auto; margin: 0.4rem 0; padding: 0.8rem 1rem; border-radius: 0.4rem; background: var(--tile); tab-size: 2; }
pre code { font-size: 0.95em; }
.keyword { color: var(--keyword); font-weight: 600; }
.string { color: var(--string); }
.number { color: var(--number); }
.comment { color: var(--comment); font-style: italic; }
.call, .field { color: var(--call); }
.type { color: var(--type); }
.declared { font-weight: 600; }
.confusion td, .confusion th { padding: 0.25rem 0.55rem; }
.confusion .hit { background: color-mix(in srgb, var(--hit) calc(var(--share) * 0.35), transparent); }
.confusion .miss { background: color-mix(in srgb, var(--miss) min(calc(var(--share) * 3), 45%), transparent); }
@media print {
  html { font-size: 11px; }
  body { max-width: none; padding: 0; font-size: 1rem; }
  nav, .skip { display: none; }
  h2, h3, h4 { break-after: avoid; }
  tr, figure { break-inside: avoid; }
  .wide, pre { overflow: visible; }
  pre { white-space: pre-wrap; }
  .gallery { gap: 0.5rem; }
  .gallery img { width: 3.4rem; }
  .asked > :last-child { flex-basis: 30rem; }
  * { print-color-adjust: exact; }
}
`;
