import book from "../pipelines/book.mtt";
import logistic from "../pipelines/logistic.mtt";
import mislabeled from "../pipelines/mislabeled.mtt";
import mnist from "../pipelines/mnist.mtt";
import resnet from "../pipelines/resnet.mtt";
import five from "../test/suite/five.mtt";
import several from "../test/suite/valid/blocks-of-blocks.mtt";

export interface Example {
  readonly title: string;
  readonly text: string;
}

/** Programs of pipelines/ and of test/suite, by the name that `#example=` takes. */
export const examples: ReadonlyMap<string, Example> = new Map([
  ["mnist", { title: "Digits, and who made the model say that", text: mnist }],
  ["book", { title: "A convolutional network of the textbook", text: book }],
  ["logistic", { title: "Logistic regression", text: logistic }],
  ["resnet", { title: "A residual network", text: resnet }],
  ["mislabeled", { title: "Labels that are wrong", text: mislabeled }],
  ["several", { title: "Two inputs, shared weights", text: several }],
  ["five", { title: "Five errors to mend", text: five }],
]);
