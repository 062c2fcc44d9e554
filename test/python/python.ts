import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

const requirements = "test/python/requirements.txt";

/** The interpreter that has what the tests ask of Python: MTT_TEST_PYTHON, or the environment that the gate makes in the cache. */
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "mtt/python");
const python = process.env.MTT_TEST_PYTHON ?? join(cache, "bin/python");

/** What a script of this folder prints. */
export const runPython = (script: string, ...args: readonly string[]): string => {
  if (!existsSync(python))
    throw new Error(
      `the tests of TensorBoard's files need Python with tensorboard, and there is no ${python}: python3 -m venv ${cache} && ${cache}/bin/pip install -r ${requirements}`,
    );
  return execFileSync(python, [resolve(import.meta.dirname, script), ...args], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
};
