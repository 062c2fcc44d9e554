import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as Effect from "effect/Effect";
import { selectBackend } from "../src/backend/available.ts";
import { encodeSafetensors } from "../src/store/safetensors.ts";
import { driven, type Measured, readData, scoresByFactors, specs, subjectsOf, works } from "./influence-works.ts";
import { numbersAt, packages, startRival } from "./rival.ts";
import { commandSaid, round, written } from "./rows.ts";

// Seconds of influence's works over all of MNIST's training examples, beside the libraries that do the same with the same parameters.

const { values: flags } = parseArgs({
  options: {
    backend: { type: "string", default: "auto" },
    threads: { type: "string", default: "2" },
    epochs: { type: "string", default: "10" },
    rounds: { type: "string", default: "5" },
    data: { type: "string", default: process.env.MTT_DATA ?? "" },
    parameters: { type: "string" },
    only: { type: "string", multiple: true, default: [] },
    without: { type: "string", multiple: true, default: [] },
    json: { type: "string" },
    results: { type: "string" },
  },
});
const PLACES = ["--json", "--results", "--data", "--parameters"];
if (flags.data === "" || flags.parameters === undefined) {
  console.error("give --data the folder of MNIST's files, and --parameters one where trained parameters are kept");
  process.exit(2);
}
const { data: folder, parameters } = flags;
const name = (["auto", "onnx", "tensorflow"] as const).find((one) => one === flags.backend);
if (name === undefined) {
  console.error(`there is no backend ${flags.backend} to time: auto, onnx or tensorflow`);
  process.exit(2);
}
const threads = Number(flags.threads);
const rounds = Number(flags.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error(`--rounds takes how often each work is timed: ${flags.rounds} is not a whole number from 1 on`);
  process.exit(2);
}
const backend = await Effect.runPromise(selectBackend(name, "cpu", threads));
const data = { train: readData(folder, "train"), test: readData(folder, "t10k") };
mkdirSync(parameters, { recursive: true });
const subjects = await subjectsOf(parameters, backend, data, Number(flags.epochs));

const cg = ["torch", "pydvl", "dattri"];
const scoring = [...cg, "kronfluence"];
const [LOGISTIC, POST] = [0, 1];
const rows = [
  {
    row: "logistic regression, cg to 1e-5 with scores, 1 test example",
    work: "query",
    subject: LOGISTIC,
    count: 1,
    goal: 4,
    peers: cg,
  },
  {
    row: "logistic regression, the same for 10 test examples",
    work: "query",
    subject: LOGISTIC,
    count: 10,
    goal: 8,
    peers: cg,
  },
  // So many in a row take as long as what is held against them, and see as much of what else the machine does.
  { row: "one HVP", work: "products", subject: POST, count: 1, goal: 3.5, repeats: 8, peers: ["torch"] },
  // Against as many single ones of this run.
  {
    row: "8 HVPs at once",
    work: "products",
    subject: POST,
    count: 8,
    goal: 0.6 * 8,
    times: "one HVP",
    peers: ["torch"],
  },
  { row: "scores, 1 test example", work: "scores", subject: POST, count: 1, goal: 1, peers: scoring },
  { row: "scores, 10 test examples", work: "scores", subject: POST, count: 10, goal: 3, peers: scoring },
  { row: "EK-FAC fit", work: "factors", subject: POST, count: 1, goal: 10, peers: ["kronfluence"] },
] as const;
const scripts = {
  torch: "influence_by_hand.py",
  pydvl: "influence_pydvl.py",
  dattri: "influence_dattri.py",
  kronfluence: "influence_kronfluence.py",
} as const;
type Peer = keyof typeof scripts;
const peers = (Object.keys(scripts) as Peer[]).filter((peer) => !flags.without.includes(peer));
const unknown = flags.without.filter((peer) => !(peer in scripts));
if (unknown.length > 0) {
  console.error(`nobody here is called ${unknown.join(", ")}: --without takes ${Object.keys(scripts).join(", ")}`);
  process.exit(2);
}
const asked = (row: string): boolean => flags.only.length === 0 || flags.only.includes(row);

const about = [
  `${backend.identity}, ${data.train.index.length} examples, ${threads} threads each`,
  `${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} cores, load ${round(loadavg()[0]!)} before the run`,
];
console.log(about.join("\n"));

interface Timed {
  readonly seconds: readonly number[];
  /** Of the process so far, in MB. */
  readonly peak: number;
  /** With our answer: the correlation, and ‖a - b‖ / ‖b‖. */
  readonly r?: number;
  readonly apart?: number;
}

interface Result {
  readonly row: string;
  readonly goal: number;
  readonly ours: Timed;
  readonly others: Readonly<Record<string, Timed>>;
}

interface Question {
  readonly peer: Peer;
  /** Which result it is beside. */
  readonly at: number;
  readonly request: {
    readonly subject: number;
    readonly work: string;
    readonly count: number;
    readonly iterations: number;
    readonly ours: string;
  };
}

/** Of all rounds: rows that are held against each other had the same time, whatever else the machine did in it. */
const mean = ({ seconds }: Timed): number => seconds.reduce((sum, x) => sum + x, 0) / seconds.length;
const megabytes = (): number => process.resourceUsage().maxRSS / 1024;
const temporary = mkdtempSync(join(tmpdir(), "mtt-bench-influence-"));
const kept = (file: string, arrays: Parameters<typeof encodeSafetensors>[0]): string => {
  const path = join(temporary, `${file}.safetensors`);
  writeFileSync(path, encodeSafetensors(arrays));
  return path;
};

const figures = ({ seconds, peak, r, apart }: Timed): string =>
  [
    seconds.map(round).join(", "),
    ` (${Math.round(peak)} MB`,
    ...(r === undefined || apart === undefined ? [] : [`; r ${r.toFixed(5)}, apart ${apart.toExponential(1)}`]),
    ")",
  ].join("");
const verdict = ({ ours, goal }: Result): string => (mean(ours) <= goal ? "met" : "missed");

/**
 * Ours, all rows in one process that holds nothing of the others, and round by round: a machine that is slower for half a minute is so for all rows, some of
 * which are held against each other. What the last round answers is what the others are compared with.
 */
async function measureOurs(): Promise<{ readonly results: Result[]; readonly questions: readonly Question[] }> {
  // What another row is measured against is measured too.
  const measured = rows.filter(
    ({ row }) => asked(row) || rows.some((other) => "times" in other && other.times === row && asked(other.row)),
  );
  const seconds = measured.map((): number[] => []);
  const peaks: number[] = [];
  const answers: string[] = [];
  // Of the first solve, for one test example: what a library without a tolerance is given.
  let iterations = 0;
  for (let turn = 1; turn <= rounds; turn++) {
    for (const [i, { work, subject, count, ...more }] of measured.entries()) {
      const repeats = "repeats" in more ? more.repeats : 1;
      const one: Measured = await driven(works[work](subjects[subject]!, count, repeats), backend, data);
      seconds[i]!.push(one.seconds);
      peaks[i] = megabytes();
      iterations ||= one.iterations ?? 0;
      if (turn === rounds) answers[i] = kept(String(i), one.answer);
    }
    console.log(`round ${turn} of ${rounds}`);
  }
  const results: Result[] = [];
  const questions: Question[] = [];
  for (const [i, { row, work, subject, count, goal, peers: able, ...more }] of measured.entries()) {
    const single = "times" in more ? results.find((result) => result.row === more.times) : undefined;
    const result = {
      row,
      goal: single === undefined ? goal : goal * mean(single.ours),
      ours: { seconds: seconds[i]!, peak: peaks[i]! },
      others: {},
    };
    console.log(`${row.padEnd(60)} ours ${figures(result.ours)}, goal ${round(result.goal)} ${verdict(result)}`);
    const ours = answers[i]!;
    for (const peer of peers)
      if ((able as readonly Peer[]).includes(peer))
        questions.push({ peer, at: i, request: { subject, work, count, ours, iterations } });
    results.push(result);
  }
  return { results, questions };
}

/** One library after another, each in a process of its own: all of its questions once, for some take minutes. */
async function askPeer(peer: Peer, results: Result[], questions: readonly Question[]): Promise<string> {
  const rival = await startRival(peer, {
    script: scripts[peer],
    packages: packages.influence,
    threads,
    args: [parameters, folder, JSON.stringify(specs)],
    bench: "bench:influence",
  });
  for (const { at, request } of questions) {
    const answer = await rival.ask({ ...request, runs: 1 });
    const number = (field: string) => (typeof answer[field] === "number" ? { [field]: answer[field] } : {});
    const timed: Timed = {
      seconds: numbersAt(answer, "seconds"),
      peak: Number(answer.peak),
      ...number("r"),
      ...number("apart"),
    };
    const result = results[at]!;
    results[at] = { ...result, others: { ...result.others, [peer]: timed } };
    console.log(`${result.row.padEnd(60)} ${peer} ${figures(timed)}`);
  }
  rival.stop();
  return `${peer} ${rival.version}`;
}

const versions: string[] = [];
const { results, questions } = await measureOurs();
const most = Math.max(
  ...questions.map(({ peer, request }) => (peer === "kronfluence" && request.work === "scores" ? request.count : 0)),
);
// Kronfluence scores through its factors: that is compared with our scores through ours.
const byFactors =
  most > 0
    ? kept("ekfac", { scores: (await driven(scoresByFactors(subjects[POST]!, most), backend, data)).scores! })
    : "";
for (const peer of peers) {
  const own = questions
    .filter((question) => question.peer === peer)
    .map(
      ({ request, ...rest }): Question =>
        peer === "kronfluence" && request.work === "scores"
          ? { ...rest, request: { ...request, ours: byFactors } }
          : { ...rest, request },
    )
    // Factors before what needs them.
    .sort((a, b) => Number(b.request.work === "factors") - Number(a.request.work === "factors"));
  if (own.length > 0) versions.push(await askPeer(peer, results, own));
}
rmSync(temporary, { recursive: true });

const missed = results.filter((result) => verdict(result) === "missed");
console.log(missed.length === 0 ? "every goal is met" : `${missed.length} of ${results.length} rows miss their goals`);
if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify({ about, versions, results }, null, 2)}\n`);
if (flags.results !== undefined) {
  const cells = (result: Result) => [
    result.row,
    figures(result.ours),
    ...peers.map((peer) => (result.others[peer] === undefined ? "-" : figures(result.others[peer]))),
    round(result.goal),
    verdict(result),
  ];
  const lines = [
    `\`${commandSaid("bench:influence", PLACES)}\` on ${new Date().toISOString().slice(0, 10)}:`,
    "",
    ...[...about, versions.join(", ")].map((line) => `- ${line}`),
    "",
    "Seconds: ours of each round (the process's peak so far), the others' of one call; correlation with our answer, and ‖a - b‖ / ‖b‖.",
    "",
    `| work | ours | ${peers.join(" | ")} | goal | |`,
    `|---|---|${peers.map(() => "---|").join("")}---|---|`,
    ...results.map((result) => `| ${cells(result).join(" | ")} |`),
  ];
  writeFileSync(flags.results, written(readFileSync(flags.results, "utf8"), "bench:influence", lines));
}
