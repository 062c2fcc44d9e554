import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** `*.mnist.test.ts` need the real digits and run by `npm run test:mnist`. */
const mnist = process.env.MTT_TEST_MNIST === "1";
const results = process.env.MTT_TEST_RESULTS;

/** The scripts of pipelines/ import the package as users do: tests hand them the sources. */
const door = (name: string) => join(import.meta.dirname, `src/${name}.ts`);

export default defineConfig({
  resolve: {
    alias: [
      { find: /^mtt$/, replacement: door("index") },
      { find: /^mtt\/effect$/, replacement: door("effect") },
    ],
  },
  test: {
    include: [mnist ? "test/**/*.mnist.test.ts" : "test/**/*.test.ts"],
    exclude: mnist ? [] : ["test/**/*.mnist.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: results === undefined ? ["default"] : ["default", "json"],
    outputFile: { json: join(results ?? ".", mnist ? "mnist.json" : "unit.json") },
  },
});
