import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import { EnvHttpProxyAgent } from "@effect/platform-node/Undici";
import * as Effect from "effect/Effect";
import type * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";

/** Goes through HTTP_PROXY, HTTPS_PROXY and NO_PROXY, with or without NODE_USE_ENV_PROXY; Node itself reads NODE_EXTRA_CA_CERTS. */
export const layerUndici: Layer.Layer<HttpClient.HttpClient> = Layer.provide(
  NodeHttpClient.layerUndiciNoDispatcher,
  Layer.effect(
    NodeHttpClient.Dispatcher,
    Effect.acquireRelease(
      Effect.sync(() => new EnvHttpProxyAgent()),
      (agent) => Effect.promise(() => agent.destroy()),
    ),
  ),
);
