import { Argument, Command, Flag } from "effect/cli";
import * as Effect from "effect/Effect";
import type { Dataset } from "../../data/dataset.ts";
import { attempt } from "../../data/error.ts";
import { givenColumn } from "../../data/given.ts";
import { makeSource } from "../../data/view.ts";
import { nearMiss } from "../../diagnostic/near-miss.ts";
import { StepFailure } from "../../execute/failure.ts";
import { predictStep } from "../../execute/kinds/predict.ts";
import type { Outcome } from "../../execute/outcome.ts";
import { classifierOf } from "../../learn/classify.ts";
import type { Field } from "../../plan/dataset.ts";
import type { Training } from "../../plan/training.ts";
import { predictionStep } from "../../script/prediction.ts";
import type { Tensor } from "../../shape/tensor.ts";
import { openOutlet } from "../events.ts";
import { UsageError } from "../exit.ts";
import { file, project } from "../flags.ts";
import { print } from "../print.ts";
import { type TrainedModel, withTrained } from "../trained.ts";

export const predict = Command.make(
  "predict",
  {
    file,
    model: Argument.String("model").pipe(Argument.withDescription("The train step whose model is asked")),
    input: Flag.String("input").pipe(
      Flag.withDescription(
        "x.npy (one example, or several along its first axis) or image.png; field=x.npy where the network reads several (repeatable)",
      ),
      Flag.atLeast(1),
    ),
    format: Flag.Literals("format", ["human", "json"]).pipe(
      Flag.withDescription("How the results are printed; json: one line for each example"),
      Flag.withDefault("human"),
    ),
    ...project,
  },
  Effect.fnUntraced(function* (flags) {
    const outlet = openOutlet({ format: "human", quiet: flags.format === "json", progress: true });
    const said = yield* withTrained(flags, outlet, (training) => prepared(training, flags.input));
    yield* print(said.map((one, i) => (flags.format === "json" ? jsonLine(one, i) : humanLine(one))).join("\n"));
  }),
).pipe(
  Command.withDescription("Ask a model about examples of your own, trained first where it is not stored"),
  Command.withExamples([
    {
      command: "mtt predict pipelines/mnist.mtt classifier --input seven.png",
      description: "A picture of the size that the network reads",
    },
    {
      command: "mtt predict pipelines/mnist.mtt classifier --input x.npy --format json",
      description: "An array [n, 28, 28, 1] of n examples, as numpy.save writes it",
    },
  ]),
);

/** What is said of one example. */
interface Said {
  /** The file, with the example's number where it holds several. */
  readonly of: string;
  /** By the network's result: its numbers, row-major, and its shape. */
  readonly results: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly numbers: readonly number[] }>
  >;
  /** Of a classifier: each class's probability. */
  readonly probabilities?: readonly number[];
}

/** The examples are read before anything is trained. */
const prepared = Effect.fnUntraced(function* ({ network: { fields } }: Training, inputs: readonly string[]) {
  const files = yield* filesFor(fields, inputs);
  const columns = yield* Effect.forEach(fields, (field) => givenColumn(files.get(field.name)!, field));
  const data = yield* attempt(() => makeSource(columns, [...files.values()].join(", ")));
  return (model: TrainedModel) => predictions(model, data);
});

const predictions = Effect.fnUntraced(function* ({ step, training, outcome, setting }: TrainedModel, data: Dataset) {
  const { network } = training;
  const examples: Outcome = {
    key: data.hash,
    status: "ran",
    seconds: 0,
    figures: {},
    content: data.hash,
    arrays: () => Effect.succeed({}),
    data,
  };
  const given = {
    id: data.origin,
    body: { kind: "data", source: { kind: "npy", files: {} }, fields: network.fields },
  } as const;
  const results = yield* Effect.forEach(network.results, ({ name }) =>
    Effect.gen(function* () {
      const asked = yield* predictionStep(step, given, name);
      const { values } = yield* (yield* predictStep(asked, [outcome, examples], setting)).arrays("predictions");
      return [name, values!] as const;
    }),
  );
  const n = data.index.length;
  return yield* Effect.forEach(
    Array.from({ length: n }, (_, i) => i),
    (i) =>
      Effect.gen(function* () {
        const of = n === 1 ? data.origin : `${data.origin}[${i}]`;
        const own = Object.fromEntries(results.map(([name, values]) => [name, exampleOf(values, i)]));
        for (const [name, { numbers }] of Object.entries(own))
          if (!numbers.every(Number.isFinite))
            return yield* new StepFailure({
              code: "MTT5206",
              message: `\`${step.id}\` says ${numbers.find((x) => !Number.isFinite(x))} of ${of} (\`${name}\`)`,
              help: "look at the numbers of the input: one of them may be no number, or far beyond those it was trained on",
            });
        const said: Said = { of, results: own, ...probabilitiesOf(training, Object.values(own)[0]!.numbers) };
        return said;
      }),
  );
});

/** The file of every field: `x.npy` for the only field, `field=x.npy` for one of several. */
const filesFor = Effect.fnUntraced(function* (fields: readonly Field[], inputs: readonly string[]) {
  const names = fields.map(({ name }) => name);
  const files = new Map<string, string>();
  for (const input of inputs) {
    const equals = input.indexOf("=");
    const named = /^[A-Za-z_]\w*=/.test(input);
    const name = named ? input.slice(0, equals) : names.length === 1 ? names[0]! : "";
    const wrong = (message: string) =>
      new UsageError({
        message: `--input ${input}: ${message}`,
        help: `the network reads ${names.join(", ")}: --input ${names.length === 1 ? "x.npy" : names.map((one) => `${one}=${one}.npy`).join(" --input ")}`,
      });
    if (name === "") return yield* wrong("which field is it?");
    if (!names.includes(name)) {
      const near = nearMiss(name, names);
      return yield* wrong(`there is no field \`${name}\`${near === undefined ? "" : `; did you mean \`${near}\`?`}`);
    }
    if (files.has(name)) return yield* wrong(`\`${name}\` is given twice`);
    files.set(name, named ? input.slice(equals + 1) : input);
  }
  const missing = names.find((name) => !files.has(name));
  if (missing !== undefined)
    return yield* new UsageError({
      message: `no --input gives \`${missing}\`, which the network reads`,
      help: `--input ${missing}=${missing}.npy`,
    });
  return files;
});

const exampleOf = ({ shape, data }: Tensor, i: number) => {
  const size = data.length / shape[0]!;
  return { shape: shape.slice(1), numbers: Array.from(data.slice(i * size, (i + 1) * size)) };
};

/** Of logits, one a class or one for class 1 of two, where the model was trained on labels. */
const probabilitiesOf = ({ network, loss }: Training, scores: readonly number[]): Pick<Said, "probabilities"> => {
  if (network.results.length > 1 || classifierOf(network, loss) === undefined) return {};
  const logits = network.results[0]!.type.shape.length === 0 ? [0, scores[0]!] : scores;
  const most = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return { probabilities: powers.map((power) => power / sum) };
};

const ranked = (probabilities: readonly number[]): readonly number[] =>
  [...probabilities.keys()].sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);

const jsonLine = ({ of, results, probabilities }: Said, example: number): string =>
  JSON.stringify({
    example,
    input: of,
    ...Object.fromEntries(Object.entries(results).map(([name, { shape, numbers }]) => [name, nested(shape, numbers)])),
    ...(probabilities === undefined ? {} : { predicted: ranked(probabilities)[0], probabilities }),
  });

type Nested = number | readonly Nested[];
const nested = ([size, ...inner]: readonly number[], numbers: readonly number[]): Nested => {
  if (size === undefined) return numbers[0]!;
  const width = size === 0 ? 0 : numbers.length / size;
  return Array.from({ length: size }, (_, i) => nested(inner, numbers.slice(i * width, (i + 1) * width)));
};

/** Numbers of one result that people are shown. */
const SHOWN = 10;

const humanLine = ({ of, results, probabilities }: Said): string => {
  if (probabilities !== undefined) {
    const [first, ...others] = ranked(probabilities).map((k) => `${k} (${(100 * probabilities[k]!).toFixed(1)} %)`);
    return `${of}: ${first}${others.length === 0 ? "" : `, then ${others.slice(0, 2).join(", ")}`}`;
  }
  const texts = Object.entries(results).map(([name, { numbers }]) => {
    const more = numbers.length > SHOWN ? ` … ${numbers.length - SHOWN} more (--format json)` : "";
    const shown = numbers.slice(0, SHOWN).map((x) => String(Number(x.toPrecision(5))));
    return `${name === "result" ? "" : `${name} `}${shown.join(" ")}${more}`;
  });
  return `${of}: ${texts.join("; ")}`;
};
