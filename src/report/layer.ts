import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { Reports } from "../execute/reports.ts";

/** Reports as HTML. What draws is loaded when the first is made: a run whose results are all stored does not wait for it. */
export const layerReports: Layer.Layer<Reports> = Layer.succeed(Reports, {
  version: 4,
  render: (source) =>
    Effect.flatMap(
      Effect.promise(() => import("./report.ts")),
      ({ renderReport }) => renderReport(source),
    ),
});
