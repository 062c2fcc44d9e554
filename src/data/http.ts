import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import { EnvHttpProxyAgent } from "@effect/platform-node/Undici";
import * as Effect from "effect/Effect";
import type * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";

/**
 * The client for downloads. It goes through HTTP_PROXY, HTTPS_PROXY and NO_PROXY whether or not NODE_USE_ENV_PROXY is set; NODE_EXTRA_CA_CERTS is read by
 * Node itself.
 */
export const layerHttp: Layer.Layer<HttpClient.HttpClient> = Layer.provide(
  NodeHttpClient.layerUndiciNoDispatcher,
  Layer.effect(
    NodeHttpClient.Dispatcher,
    Effect.acquireRelease(
      Effect.sync(() => new EnvHttpProxyAgent()),
      (agent) => Effect.promise(() => agent.destroy()),
    ),
  ),
);
