import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { folderOf, mtt, removeFolders } from "./mtt.ts";

afterAll(removeFolders);

const flat = `let digits = glyphs(n: 60, seed: 1, image: f32[8, 8, 1])
network N(image: f32[8, 8, 1]) -> f32[10] = image |> avg_pool(2x2) |> flatten |> linear(10)
train model { network: N, data: digits.train, loss: softmax_cross_entropy, optimizer: lbfgs(tolerance: 1e-9), regularize: l2(0.01) }
`;
/** Two layers, hardly trained: its Hessian is indefinite. */
const deep = `let digits = glyphs(n: 60, seed: 1, image: f32[8, 8, 1])
network N(image: f32[8, 8, 1]) -> f32[10] = image |> avg_pool(2x2) |> flatten |> dense(4) |> tanh |> dense(10)
train model { network: N, data: digits.train, loss: softmax_cross_entropy, optimizer: sgd(0.5), batch: 20, epochs: 5 }
`;
const other = `let other = csv("x.csv", fields: { image: f32[8, 8, 1], y: f32[], label: class[3] })\n`;
const unlabelled = `let rows = csv("x.csv", fields: { image: f32[8, 8, 1], y: f32[] })\n`;
const asked = (fields: string, program = flat) => `${program}influence b { model: model, ${fields} }\n`;
const half = flat.replace("digits.train,", "digits.train |> take(20),");

interface Wrong {
  readonly program: string;
  readonly code: string;
  /** Where it points. */
  readonly at: string;
  readonly says: string;
  readonly help: string;
}

/** What the checker refuses, with where it points and what it says to do. */
const refused: Readonly<Record<string, Wrong>> = {
  "random numbers outside of training": {
    program: asked("test: digits.test, method: cg()", flat.replace("|> flatten", "|> noisy |> flatten")).concat(
      'block noisy(x: f32[...s]) -> f32[...s] = x * convert(random_bits(x, "noise"), "f32")\n',
    ),
    code: "MTT4005",
    at: 'random_bits(x, "noise")',
    says: "those exist only while training",
    help: "select(training, noisy, x)",
  },
  "means over a batch outside of training": {
    program: asked("test: digits.test, method: cg()", flat.replace("|> flatten", "|> centred |> flatten")).concat(
      "block centred(x: f32[...s]) -> f32[...s] = x - batch_mean(x)\n",
    ),
    code: "MTT4014",
    at: "model",
    says: "`N` takes means over a batch where `training` is false",
    help: "carry the mean in a state",
  },
  "a measure without a derivative": {
    program: asked("test: digits.test, measure: guess, method: cg()").concat(
      "block guess(x: f32[k]) -> f32[] = reduce_max(floor(x))\n",
    ),
    code: "MTT4011",
    at: "guess",
    says: "`guess` has no derivative by the network's result",
    help: "`margin` or `probability(k)`",
  },
  "exact over the memory there is": {
    program: asked("test: digits.test, method: exact()", flat.replace("linear(10)", "dense(400) |> linear(10)")),
    code: "MTT4001",
    at: "exact()",
    says: "the Hessian of 10,800 weights would take 0.87 GiB, and at most 0.56 GiB are allowed",
    help: "`cg()` solves the same without holding it",
  },
  "labels of other classes": {
    program: asked("test: other, method: cg()", flat + other),
    code: "MTT4007",
    at: "other",
    says: "`model` learned 10 classes of `label`, and the test data has 3",
    help: "take test data whose `label` is class[10]",
  },
  "a margin without labels": {
    program: asked("test: rows, measure: margin, method: cg()", flat + unlabelled),
    code: "MTT4007",
    at: "margin",
    says: "`margin` needs a label, and the test data's `label` is missing",
    help: "measure `logit(k)` or `probability(k)`",
  },
  "a loss without labels": {
    program: asked("test: rows, method: cg()", flat + unlabelled),
    code: "MTT4007",
    at: "rows",
    says: "compares with `label`, which the test data lacks",
    help: "measure `logit(k)` or `probability(k)`",
  },
  ...Object.fromEntries(
    ["trak()", "representer()", "knn_shapley(3)", "grad_dot()", "random(1)"].map((method): [string, Wrong] => {
      const [name] = method.split("(");
      return [
        `the effect of pixels by ${name}`,
        {
          program: asked(`test: digits.test, of: input, method: ${method}`),
          code: "MTT4015",
          at: "input",
          says: `\`${name}\` has no effect of input pixels`,
          help: "take one of cg, lissa, exact",
        },
      ];
    }),
  ),
  "the effect of pixels on themselves": {
    program: asked("test: self, of: input, method: cg()"),
    code: "MTT4015",
    at: "input",
    says: "self-influence has none of its own",
    help: "give `test` a data set",
  },
  "a measure that a vote does not read": {
    program: asked("test: digits.test, measure: margin, method: knn_shapley(3)"),
    code: "MTT4015",
    at: "margin",
    says: "`knn_shapley` does not read `measure`",
    help: "leave it out",
  },
  "layers that representer points do not read": {
    program: asked('test: digits.test, layers: ["layer0"], method: representer()'),
    code: "MTT4015",
    at: '["layer0"]',
    says: "it is of the last layer's weights",
    help: "leave it out",
  },
  "a residual of what solves nothing": {
    program: asked("test: digits.test, accept: residual(0.1), method: ekfac()"),
    code: "MTT4015",
    at: "residual(0.1)",
    says: "`ekfac` does not read `accept`",
    help: "or take one of cg, lissa",
  },
  "a vote without labels": {
    program: `let rows = csv("x.csv", fields: { x: f32[3], y: f32[] })
network N(x: f32[3]) -> f32[] = reduce_sum(x |> dense(1))
train model { network: N, data: rows, loss: mean_squared_error, target: y, optimizer: sgd(0.1), epochs: 1 }
influence b { model: model, test: rows, method: knn_shapley(3) }
`,
    code: "MTT4015",
    at: "knn_shapley(3)",
    says: "`mean_squared_error` compares with none",
    help: "take another method",
  },
  "a training set of another source": {
    program: asked("test: digits.test, train: digits.test, method: cg()"),
    code: "MTT4013",
    at: "digits.test",
    says: "`model` was trained with examples of another source",
    help: "leave `train` out",
  },
  "a number as a measure": {
    program: asked("test: digits.test, measure: 3, method: cg()"),
    code: "MTT3001",
    at: "3",
    says: "needs a measure, and got an int",
    help: "a measure is loss, margin, logit(k)",
  },
  "a metric as a measure": {
    program: asked("test: digits.test, measure: accuracy, method: cg()"),
    code: "MTT3001",
    at: "accuracy",
    says: "needs a measure, and got a metric",
    help: "a measure is loss, margin, logit(k)",
  },
  "a measure of several numbers": {
    program: asked("test: digits.test, measure: two, method: cg()").concat("block two(x: f32[k]) -> f32[k] = 2 * x\n"),
    code: "MTT4105",
    at: "two",
    says: "`two` gives f32[10] for an example, and one number is needed",
    help: "reduce_sum",
  },
  "a class that is none": {
    program: asked("test: digits.test, measure: logit(12), method: cg()"),
    code: "MTT4008",
    at: "logit(12)",
    says: "names a class that `N` does not know",
    help: "0 to 9",
  },
  "a layer that is none": {
    program: asked('test: digits.test, layers: ["layr0"], method: cg()'),
    code: "MTT4012",
    at: '"layr0"',
    says: "`N` has no layer `layr0`",
    help: "did you mean `layer0`?",
  },
  "no layer": {
    program: asked("test: digits.test, layers: [], method: cg()"),
    code: "MTT4010",
    at: "[]",
    says: "`layers` names no layer",
    help: "leave it out",
  },
  "the effect of a strength that is not there": {
    program: `${asked("test: digits.test, method: cg()", deep)}assert b.strength_effect > 0\n`,
    code: "MTT4015",
    at: "strength_effect",
    says: "`model` was trained without a regularizer",
    help: "train with `regularize: l2(…)`",
  },
  "the effect of the strength by a method that does not solve": {
    program: `${asked("test: digits.test, method: trak()")}assert b.strength_effect > 0\n`,
    code: "MTT4015",
    at: "strength_effect",
    says: "`trak` of `b` solves for none",
    help: "take one of cg, lissa",
  },
  "steps that L-BFGS did not take": {
    program: asked("test: digits.test, method: tracin()"),
    code: "MTT4015",
    at: "tracin()",
    says: "`tracin` follows the steps of a training",
    help: "take `cg()`",
  },
};

interface Said {
  readonly code: string;
  readonly message: string;
  readonly help?: string;
  readonly range: { readonly start: { readonly offset: number }; readonly end: { readonly offset: number } };
}

describe("what may not be asked of influence is refused before anything runs", () => {
  const rows = Object.entries(refused);
  let said: ReadonlyMap<string, readonly Said[]>;
  beforeAll(async () => {
    const cwd = folderOf(Object.fromEntries(rows.map(([, { program }], i) => [`p${i}.mtt`, program])));
    const files = rows.map((_, i) => `p${i}.mtt`);
    const { code, stdout } = await mtt(["check", ...files, "--format", "json"], { cwd });
    expect(code).toBe(1);
    const all: readonly (Said & { readonly file: string })[] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    said = new Map(rows.map(([name], i) => [name, all.filter(({ file }) => file.endsWith(`p${i}.mtt`))]));
  });

  it.each(rows)("%s", (name, { program, code, at, says, help }) => {
    const found = said.get(name)!;
    expect(found.map((one) => one.code)).toEqual([code]);
    const [{ message, help: advice, range }] = found as [Said];
    expect(message).toContain(says);
    expect(advice).toContain(help);
    expect(program.slice(range.start.offset, range.end.offset)).toBe(at);
  });
});

/** What only a run can see: the exit code is 3, the message points at the step and says what to do. */
describe("what goes wrong in a run of influence", () => {
  const store = join(folderOf(), "store");
  it.each<[string, string, string, string, string]>([
    [
      "no test example",
      asked("test: digits.test |> take(0), method: cg()"),
      "MTT5651",
      "there is no test example to explain",
      "see what its query leaves",
    ],
    [
      "no training example",
      asked("test: digits.test, train: digits.train |> take(0), method: cg()"),
      "MTT5651",
      "there is no training example to score",
      "see what its query leaves",
    ],
    [
      "examples that the model never saw",
      asked("test: digits.test, train: digits.train |> skip(30), method: cg()", half),
      "MTT5652",
      "the model was not trained with example 30",
      "name a part of the data",
    ],
    [
      "LiSSA with too small a scale",
      asked("test: digits.test, method: lissa(scale: 0.01)"),
      "MTT5605",
      "LiSSA diverges with scale 0.01",
      "`scale: auto` begins at",
    ],
    [
      "an indefinite Hessian without damping, by cg",
      asked("test: digits.test, method: cg(damping: 0)", deep),
      "MTT5603",
      "the Hessian's smallest eigenvalue is -0.0",
      "`damping: auto` takes",
    ],
    [
      "an indefinite Hessian without damping, by exact",
      asked("test: digits.test, method: exact()", deep),
      "MTT5603",
      "the Hessian's smallest eigenvalue is -0.0",
      "`damping: auto` takes",
    ],
    [
      "an indefinite Hessian by nystrom",
      asked("test: digits.test, method: nystrom(20)", deep),
      "MTT5604",
      "needs a Hessian without negative curvature",
      "use `hessian: gauss_newton`",
    ],
    [
      "a solve that stops short",
      asked("test: digits.test, method: cg(iterations: 1)"),
      "MTT5610",
      "cg stopped at a relative residual of 0.6",
      "accept: residual(0.",
    ],
    [
      "a test example that is not there",
      `${asked("test: digits.test |> take(2), method: cg()")}train c = model with { data: digits.train |> without(b |> of_test(5) |> most_harmful(3)) }\n`,
      "MTT5653",
      "of_test(5) asks for a test example that is not there",
      "0 to 1",
    ],
    [
      "a correlation with the scores of other test examples",
      `${asked("test: digits.test |> take(2), method: cg()")}influence c = b with { test: digits.test |> take(3) }\nassert correlation(b, c) > 0\n`,
      "MTT5655",
      "the two are scores of different test examples",
      "which leaves the examples as they are",
    ],
  ])("%s", async (_, program, code, says, help) => {
    const cwd = folderOf({ "p.mtt": program });
    const { code: exit, stderr } = await mtt(["run", "p.mtt", "--store", store, "--backend", "reference"], { cwd });
    expect(stderr).toContain(`error[${code}]`);
    expect(stderr).toContain(says);
    expect(stderr.replaceAll("\n", " ")).toMatch(/┌ p\.mtt:\d+:\d+/);
    expect(stderr).toContain("help: ");
    expect(stderr.slice(stderr.indexOf(`error[${code}]`))).toContain(help);
    expect(stderr).not.toMatch(/^\s+at |NaN/m);
    expect(exit).toBe(3);
  });
});
