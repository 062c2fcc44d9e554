/**
 * MTTFNet: a network from a list of layer descriptions that is data (mttfnet.json). A layer with a kernel is a convolution, one without is dense; its
 * `trained` flag says whether it is trained or only restored. It is trained once as described; then its convolutions are kept and its dense layers are
 * trained on, and the influence of training examples goes through those alone. `npx tsx pipelines/scripts/mttfnet.ts [layers.json]`
 */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import * as Schema from "effect/Schema";
import { type Expression, type LoadOptions, load, mtt, network } from "mtt";

const Sides = Schema.Tuple([Schema.Int, Schema.Int]);
const Layer = Schema.Struct({
  kernel: Schema.optionalKey(Sides),
  stride: Schema.optionalKey(Sides),
  pad: Schema.optionalKey(Schema.Literals(["same", "valid"])),
  /** Of a convolution its channels, of a dense layer its units. */
  channels: Schema.Int,
  /** The share that dropout keeps. */
  dropout: Schema.optionalKey(Schema.Finite),
  activation: Schema.optionalKey(Schema.Literals(["relu", "lrelu", "elu", "sigmoid"])),
  /** False: its weights are restored and stay as they are. */
  trained: Schema.Boolean,
});
export type Layer = typeof Layer.Type;

/** The layers that a JSON file describes. Throws SchemaError for a file that describes none. */
export const layersOf = (json: string): readonly Layer[] =>
  Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Array(Layer)))(json);

const EVERY = [1, 1] as const;

export const mttfNet = (layers: readonly Layer[], image: readonly number[]): Expression =>
  network("MTTFNet", { image }, (net, fields) => {
    let x = fields.image;
    for (const { kernel, stride = EVERY, pad = "same", channels, dropout, activation, trained } of layers) {
      if (kernel !== undefined) x = net.layer("conv", x, { channels, kernel, stride, pad }, { trained });
      else {
        if (net.ops.typeOf(x).shape.length > 1) x = net.layer("flatten", x);
        x = net.layer("dense", x, { units: channels }, { trained });
      }
      if (dropout !== undefined) x = net.layer("dropout", x, { keep: dropout });
      if (activation !== undefined) x = net.layer(activation, x);
    }
    return x;
  });

const FILE = `${import.meta.dirname}/digits.mtt`;

export const mttfnet = async (layers: readonly Layer[], epochs: number, options: LoadOptions = {}) => {
  const program = await load(FILE, options);
  const { image } = (await program.get(program.data("digits.test").take(1))).fields;
  const shape = image!.shape.slice(1);
  const data = program.data("digits.train");
  const whole = program.train({
    network: mttfNet(layers, shape),
    data,
    loss: mtt`softmax_cross_entropy`,
    optimizer: mtt`adam(rate: 3e-3)`,
    batch: 100,
    epochs,
    seed: 1,
  });
  const restored = layers.map((layer) => ({ ...layer, trained: layer.kernel === undefined }));
  const head = whole.with({ network: mttfNet(restored, shape), start: whole, regularize: mtt`l2(0.01)`, epochs: 2 });
  const blame = head.influence({
    test: program.data("digits.test").take(4),
    method: { kind: "cg", hessian: "gauss_newton", damping: 0.01, tolerance: 1e-3 },
  });
  return {
    whole: await program.get(whole),
    head: await program.get(head),
    accuracy: Number((await program.get(head.evaluate(program.data("digits.test")))).accuracy),
    scores: (await program.get(blame)).scores,
  };
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const layers = layersOf(readFileSync(process.argv[2] ?? `${import.meta.dirname}/mttfnet.json`, "utf8"));
  const { head, accuracy, scores } = await mttfnet(layers, 10);
  console.log(`weights and states: ${Object.keys(head.parameters).join(", ")}`);
  console.log(`accuracy on the test digits: ${(100 * accuracy).toFixed(1)} %`);
  for (const [k, example] of scores.index.test!.entries()) {
    const ranked = [...scores.take("test", k).ranked()].map((position) => scores.index.train![position]);
    console.log(`test example ${example}: helped most by ${ranked.slice(0, 4)}, harmed most by ${ranked.slice(-4)}`);
  }
}
