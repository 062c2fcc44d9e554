import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";

/** The client for downloads, loaded at the first request: most runs download nothing, and it takes a quarter of a second to load. */
export const layerHttp: Layer.Layer<HttpClient.HttpClient> = Layer.effect(
  HttpClient.HttpClient,
  Effect.gen(function* () {
    const scope = yield* Effect.scope;
    const client = yield* Effect.cached(
      Effect.promise(() => import("./undici.ts")).pipe(
        Effect.flatMap(({ layerUndici }) => Layer.buildWithScope(layerUndici, scope)),
        Effect.map((context) => Context.get(context, HttpClient.HttpClient)),
      ),
    );
    return HttpClient.make((request) => Effect.flatMap(client, ({ execute }) => execute(request)));
  }),
);
