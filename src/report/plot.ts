import { BarChart, LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, LegendComponent } from "echarts/components";
import { type EChartsCoreOption, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { type Html, trusted } from "./html.ts";

use([LineChart, BarChart, ScatterChart, GridComponent, LegendComponent, SVGRenderer]);

const WIDTH = 560;
const HEIGHT = 300;

/** The page's own variables, so that a plot follows its light and its dark look. */
const ink = { color: "var(--ink)" };
const line = { lineStyle: { color: "var(--line)" } };

/** An axis with a name. */
export const axis = (name: string, more: EChartsCoreOption = {}): EChartsCoreOption => ({
  type: "value",
  name,
  nameLocation: "middle",
  nameTextStyle: ink,
  nameGap: 32,
  axisLabel: ink,
  axisLine: { show: true, ...line },
  axisTick: line,
  splitLine: line,
  scale: true,
  ...more,
});

/** A plot as SVG inside the page, with a text for those who do not see it. Texts in it are escaped by the library. */
export const plot = (description: string, option: EChartsCoreOption): Html => {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height: HEIGHT });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: "transparent",
      color: [1, 2, 3, 4, 5, 6].map((n) => `var(--series-${n})`),
      textStyle: { fontFamily: "inherit" },
      grid: { left: 60, right: 20, top: 36, bottom: 48 },
      legend: { textStyle: ink, top: 0 },
      ...option,
    });
    const svg = chart.renderToSVGString({ useViewBox: true });
    const label = description.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
    return trusted(still(svg).replace("<svg ", `<svg role="img" aria-label="${label}" `));
  } finally {
    chart.dispose();
  }
};

/**
 * What serves a live page goes: styles under the mouse, places of data, clips (an axis holds all of its data), and with them the names that count on
 * through the process. A report's bytes are its own.
 */
const still = (svg: string): string =>
  svg
    .replaceAll(/<(style|defs)[^>]*>[\s\S]*?<\/\1>/g, "")
    .replaceAll(/ (?:class="zr[^"]*"|ecmeta_\w+="[^"]*"|clip-path="url[^"]*")/g, "");
