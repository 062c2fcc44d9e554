import { arrayPath, type Source } from "./dataset.ts";
import { explainDifference } from "./explain.ts";
import type { Json } from "./json.ts";
import type { Plan, Step } from "./plan.ts";
import { preimage } from "./preimage.ts";

/** What an edit made of a plan. */
export interface PlanChanges {
  /** Steps that are new or another, and why. */
  readonly changed: readonly { readonly step: string; readonly why: readonly string[] }[];
  /** Steps that stayed, and read one that did not. */
  readonly follow: readonly string[];
  readonly removed: readonly string[];
}

/** `saved`: data files that changed under the program. */
export const planChanges = (before: Plan, after: Plan, saved: readonly string[] = []): PlanChanges => {
  const old = new Map(before.steps.map((step) => [step.id, step]));
  const changed: { readonly step: string; readonly why: readonly string[] }[] = [];
  const follow: string[] = [];
  const moved = new Set<string>();
  for (const step of after.steps) {
    const was = old.get(step.id);
    const files = pathsOf(step).filter((path) => saved.includes(path));
    const why =
      was === undefined
        ? ["is new"]
        : [...explainDifference(imageOf(was), imageOf(step)), ...files.map((path) => `${path} was saved`)];
    if (why.length > 0) changed.push({ step: step.id, why });
    else if (step.inputs.some((id) => moved.has(id))) follow.push(step.id);
    else continue;
    moved.add(step.id);
  }
  const now = new Set(after.steps.map(({ id }) => id));
  return { changed, follow, removed: before.steps.flatMap(({ id }) => (now.has(id) ? [] : [id])) };
};

/** What of a step is its own: beside its preimage, how long it trains, where it reads from, and what it is called by. */
const imageOf = (step: Step): Json => {
  const { body, inputs } = step;
  return {
    step: preimage(body),
    inputs,
    ...(body.kind === "train" ? { length: body.training.length ?? null } : {}),
    ...(body.kind === "data" ? { paths: pathsOf(step) } : {}),
    ...(body.kind === "report" ? { show: body.show } : {}),
  };
};

/** The files that a step reads, as the program writes them. */
export const pathsOf = ({ body }: Step): readonly string[] => (body.kind === "data" ? sourcePaths(body.source) : []);

const sourcePaths = (source: Source): readonly string[] => {
  switch (source.kind) {
    case "csv":
    case "images":
      return [source.path];
    case "npy":
      return [...new Set(Object.values(source.files).map((path) => arrayPath(path).file))];
    case "idx":
      return [source.images, source.labels];
    case "mnist":
    case "cifar10":
    case "glyphs":
      return [];
  }
};
