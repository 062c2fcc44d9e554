import { createRequire } from "node:module";
import { dirname } from "node:path";
import cliProgress from "cli-progress";
import { Argument, Command, Flag } from "effect/cli";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { available, selectBackend } from "../../backend/available.ts";
import { install, type Progress } from "../../backend/tensorflow/install/install.ts";
import { probeTensorflow } from "../../backend/tensorflow/probe.ts";
import { layerHttp } from "../../data/http.ts";
import { BACKEND_NAMES } from "../config.ts";
import { EXIT, Finished } from "../exit.ts";
import { results } from "../flags.ts";
import { Pace } from "../pace.ts";
import { print, printError } from "../print.ts";
import { runFailed } from "../run-failed.ts";
import { gigaflops, selfCheck } from "../self-check.ts";
import { table } from "../table.ts";

const list = Command.make(
  "list",
  { format: results },
  Effect.fnUntraced(function* (flags) {
    const backends = yield* available;
    if (flags.format === "json") {
      for (const backend of backends) yield* print(JSON.stringify(backend));
      return;
    }
    yield* print(
      table(
        ["backend", "device", "", "why"],
        backends.map(({ name, device, ok, why }) => [name, device, ok ? "ready" : "not here", why]),
      ),
    );
  }),
).pipe(
  Command.withDescription("What can compute here, and why something cannot"),
  Command.withExamples([{ command: "mtt backend list", description: "Every engine on every device" }]),
);

/** The folder in which npm put mtt's dependencies. */
const modules = (): string => dirname(dirname(createRequire(import.meta.url).resolve("node-api-headers/package.json")));

const installCommand = Command.make(
  "install",
  {
    name: Argument.Literals("name", ["tensorflow"]).pipe(Argument.withDescription("The engine")),
    cuda: Flag.Boolean("cuda").pipe(
      Flag.withDefault(false),
      Flag.withDescription("With CUDA, for NVIDIA's GPUs: several gigabytes"),
    ),
    wheel: Flag.String("wheel").pipe(
      Flag.optional,
      Flag.withDescription("A wheel of TensorFlow that is here already, for machines without a network"),
    ),
  },
  Effect.fnUntraced(function* ({ cuda, wheel }) {
    const device = cuda ? "cuda" : "cpu";
    const view = progressView(process.stderr);
    const folder = yield* install({
      device,
      ...Option.match(wheel, { onNone: () => ({}), onSome: (file) => ({ wheel: file }) }),
      environment: process.env,
      platform: `${process.platform}-${process.arch}`,
      modules: modules(),
      report: view.show,
      check: (path) => probeTensorflow(path, device),
    }).pipe(
      Effect.provide(layerHttp),
      Effect.ensuring(Effect.sync(view.close)),
      Effect.catchTag("InstallError", runFailed),
    );
    yield* print(`tensorflow (${device}) is in ${folder}`);
  }),
).pipe(
  Command.withDescription("Bring an engine into the user's cache, once for all projects"),
  Command.withExamples([
    {
      command: "mtt backend install tensorflow",
      description: "For the processor: about 250 MB to download, a minute to build",
    },
    { command: "mtt backend install tensorflow --cuda", description: "For NVIDIA's GPUs" },
    { command: "mtt backend install tensorflow --wheel FILE", description: "From a wheel that came another way" },
  ]),
);

/** On a terminal one line that fills; on a pipe a line for each thing that is done. */
function progressView(stream: NodeJS.WriteStream): {
  readonly show: (progress: Progress) => void;
  readonly close: () => void;
} {
  let last = "";
  if (!stream.isTTY)
    return {
      show: ({ message }) => {
        const what = message.replace(/, .*/, "");
        if (what !== last) stream.write(`${what}\n`);
        last = what;
      },
      close: () => {},
    };
  const bar = new cliProgress.SingleBar(
    { stream, format: "{message} {bar} {percentage} %  {left}", barsize: 24, hideCursor: true, clearOnComplete: true },
    cliProgress.Presets.shades_classic,
  );
  const pace = new Pace();
  let running = false;
  const stop = () => {
    if (running) bar.stop();
    running = false;
  };
  return {
    show: ({ message, fraction }) => {
      if (fraction === undefined) {
        stop();
        stream.write(`${message}\n`);
        return;
      }
      if (!running) bar.start(1000, 0, { message, left: "" });
      running = true;
      const now = performance.now();
      pace.add(fraction, {}, now);
      bar.update(Math.round(fraction * 1000), { message, left: pace.left(now) });
    },
    close: stop,
  };
}

const test = Command.make(
  "test",
  {
    name: Argument.Literals("name", BACKEND_NAMES).pipe(
      Argument.withDescription("The engine; auto takes the fastest that is installed"),
      Argument.withDefault("auto"),
    ),
    device: Flag.String("device").pipe(Flag.withDefault("cpu"), Flag.withDescription("Where it computes")),
    format: results,
  },
  Effect.fnUntraced(function* (flags) {
    const failed = ({ message, help }: { readonly message: string; readonly help: string }) =>
      runFailed({ code: "MTT5301", message, help });
    const backend = yield* selectBackend(flags.name, flags.device).pipe(Effect.catchTag("BackendError", failed));
    const checked = yield* selfCheck(backend).pipe(Effect.catchTag("BackendError", failed));
    const speed = yield* gigaflops(backend).pipe(Effect.catchTag("BackendError", failed));
    if (flags.format === "json") {
      yield* print(JSON.stringify({ backend: backend.identity, gigaflops: speed, checks: checked }));
    } else {
      yield* print(
        table(
          [backend.identity, "", "difference from the reference"],
          checked.map(({ name, ok, difference }) => [name, ok ? "ok" : "WRONG", difference.toExponential(1)]),
        ),
      );
      yield* print(`${speed.toFixed(speed < 10 ? 1 : 0)} GFLOP/s in products of 1024 x 1024 matrices, f32`);
    }
    const wrong = checked.filter(({ ok }) => !ok);
    if (wrong.length === 0) return;
    yield* printError(
      `error[MTT5301]: ${backend.identity} computes wrongly: ${wrong.map(({ name }) => name).join(", ")}`,
    );
    return yield* new Finished({ exit: EXIT.run });
  }),
).pipe(
  Command.withDescription("Check a backend against the reference, and measure it"),
  Command.withExamples([
    { command: "mtt backend test", description: "The fastest engine that is installed" },
    { command: "mtt backend test onnx --device webgpu", description: "ONNX Runtime on the GPU" },
  ]),
);

export const backend = Command.make("backend").pipe(
  Command.withDescription("The engines that compute"),
  Command.withSubcommands([list, installCommand, test]),
);
