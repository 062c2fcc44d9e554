import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** `*.mnist.test.ts` need the real digits and run by `npm run test:mnist`. */
const mnist = process.env.MTT_TEST_MNIST === "1";
const results = process.env.MTT_TEST_RESULTS;

export default defineConfig({
  test: {
    include: [mnist ? "test/**/*.mnist.test.ts" : "test/**/*.test.ts"],
    exclude: mnist ? [] : ["test/**/*.mnist.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: results === undefined ? ["default"] : ["default", "json"],
    outputFile: { json: join(results ?? ".", mnist ? "mnist.json" : "unit.json") },
  },
});
