/**
 * Which training examples did it: asks for the mistakes of a model, for the training examples behind them, and what becomes of the mistakes when it is
 * trained without those. `npx tsx pipelines/scripts/blame.ts`
 */
import { pathToFileURL } from "node:url";
import { type LoadOptions, load, mtt } from "mtt";

const FILE = `${import.meta.dirname}/digits.mtt`;

export const blame = async (options: LoadOptions = {}) => {
  const program = await load(FILE, options);
  const classifier = program.model("classifier");
  const test = program.data("digits.test");
  const wrong = test.where(mtt`predicted(${classifier}) != label`).take(8);
  const influence = classifier.influence({ test: wrong, method: { kind: "cg", tolerance: 1e-4 } });

  const { scores, certificate } = await program.get(influence);
  const behind = await program.get(influence.ofTest(0).mostHarmful(5));
  const cleaned = classifier.with({ data: program.data("digits.train").without(influence.mostHarmful(40)) });
  const [before, after] = await Promise.all(
    [classifier, cleaned].map((model) => program.get(model.evaluate(wrong, [mtt`accuracy`, mtt`loss`]))),
  );
  return {
    mistakes: scores.index.test!,
    behind: behind.index,
    residual: Number(certificate.residual),
    loss: { before: Number(before!.loss), after: Number(after!.loss) },
  };
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { mistakes, behind, residual, loss } = await blame();
  console.log(`mistakes: test examples ${mistakes.join(", ")}`);
  console.log(`behind the first: training examples ${behind.join(", ")} (residual ${residual.toExponential(1)})`);
  console.log(`loss on the mistakes: ${loss.before.toFixed(3)}, without the 40 most harmful ${loss.after.toFixed(3)}`);
}
