/** The page's look: light and dark by the reader's own setting, nothing loaded from anywhere, fit to be printed. */
export const style = `
:root { color-scheme: light dark;
  --paper: #fcfcfb; --ink: #22242a; --soft: #666b75; --line: #dcdde1; --tile: #f1f1ef; --warn: #a4460b; --hit: #2a7d5f; --miss: #c2452d;
  --series-1: #2b62b8; --series-2: #c25a17; --series-3: #2a7d5f; --series-4: #8d4fb0; --series-5: #a98207; --series-6: #b83a68; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #17181b; --ink: #e6e6e3; --soft: #9a9fa9; --line: #34363c; --tile: #202227; --warn: #f0a263; --hit: #4cb890; --miss: #ef7b62;
  --series-1: #7aa7f0; --series-2: #f0985a; --series-3: #5cc79f; --series-4: #c793e6; --series-5: #d9b740; --series-6: #ee83a9; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; }
h2 { margin: 2.2rem 0 0.6rem; font-size: 1.15rem; }
.program, figcaption, small { color: var(--soft); }
.program { margin: 0.2rem 0 0; }
code { font: 0.875em ui-monospace, monospace; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9rem; }
th, td { padding: 0.3rem 0.8rem 0.3rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; font-weight: normal; }
thead th { color: var(--soft); }
.n { text-align: right; font-variant-numeric: tabular-nums; }
.total td { font-weight: 600; }
.warn { color: var(--warn); font-weight: 600; }
.tiles, .plots, .gallery { display: flex; flex-wrap: wrap; gap: 1rem; }
.tile { display: grid; min-width: 9rem; padding: 0.8rem 1rem; border-radius: 0.4rem; background: var(--tile); }
.figure { font-size: 1.6rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
figure { margin: 0; }
.plots figure { flex: 1 1 24rem; max-width: 36rem; }
figure > svg { display: block; width: 100%; height: auto; max-width: 36rem; }
figcaption { font-size: 0.85rem; }
.gallery img { width: 5.5rem; height: auto; image-rendering: pixelated; }
.asked { display: flex; flex-wrap: wrap; gap: 0.5rem 2rem; }
.asked > :first-child { padding-top: 1.6rem; }
article { padding: 0.4rem 0 0.8rem; border-bottom: 1px solid var(--line); break-inside: avoid; }
h3 { margin: 0.6rem 0 0; font-size: 1rem; }
h4 { margin: 0.4rem 0 0.2rem; font-size: 0.85rem; font-weight: normal; color: var(--soft); }
.confusion { width: auto; }
.confusion td, .confusion th { padding: 0.25rem 0.55rem; }
.confusion .hit { background: color-mix(in srgb, var(--hit) calc(var(--share) * 0.55), transparent); }
.confusion .miss { background: color-mix(in srgb, var(--miss) min(calc(var(--share) * 4), 70%), transparent); }
@media print { body { max-width: none; } section { break-inside: avoid; } }
`;
