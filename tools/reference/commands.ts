import * as NodeServices from "@effect/platform-node/NodeServices";
import { CliOutput, Command, type HelpDoc } from "effect/cli";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import { layerConfig, mtt } from "../../src/cli/program.ts";
import { code, generatedBy, page, sentence, table } from "./markdown.ts";

/** What `--help` says of a command, as data. */
const helpOf = async (path: readonly string[]): Promise<HelpDoc.HelpDoc> => {
  let found: HelpDoc.HelpDoc | undefined;
  const presenter: CliOutput.Presenter = {
    present: (event) =>
      Effect.sync(() => {
        if (event._tag === "Help") found = event.helpDoc;
      }),
  };
  await Effect.runPromise(
    Command.runWith(mtt, { version: "" })([...path, "--help"]).pipe(
      Effect.provide(Layer.mergeAll(NodeServices.layer, CliOutput.layerPresenter(presenter), layerConfig)),
    ),
  );
  if (found === undefined) throw new Error(`mtt ${path.join(" ")} has no help`);
  return found;
};

interface CommandHelp {
  readonly path: readonly string[];
  readonly help: HelpDoc.HelpDoc;
}

/** Every command, those that hold others before these. */
export const commands = async (path: readonly string[] = []): Promise<readonly CommandHelp[]> => {
  const help = await helpOf(path);
  const below = (help.subcommands ?? []).flatMap((group) => group.commands.map(({ name }) => name));
  const all: CommandHelp[] = [{ path, help }];
  for (const name of below) all.push(...(await commands([...path, name])));
  return all;
};

const described = (text: Option.Option<string>): string => Option.getOrElse(text, () => "");

/** What a flag is given: one of a few words, where it says so itself. */
const takes = ({ type, description }: HelpDoc.FlagDoc): string => {
  const choices = / \(choices: (.*)\)$/.exec(described(description))?.[1];
  if (choices !== undefined) return choices.split(", ").map(code).join(", ");
  return type === "boolean" ? "" : type;
};

const flags = (all: readonly HelpDoc.FlagDoc[]): string =>
  table(
    ["flag", "takes", "meaning"],
    all.map((flag) => [
      [`--${flag.name}`, ...flag.aliases].map(code).join(", "),
      takes(flag),
      described(flag.description).replace(/ \(choices: .*\)$/, ""),
    ]),
  );

const section = ({ path, help }: CommandHelp): string =>
  page([
    `## mtt ${path.join(" ")}`,
    sentence(help.description),
    `\`\`\`sh\n${help.usage}\n\`\`\``,
    help.args === undefined || help.args.length === 0
      ? undefined
      : table(
          ["argument", "meaning"],
          help.args.map(({ name, variadic, description }) => [
            code(variadic ? `${name.replace(/\.\.\.$/, "")}…` : name),
            described(description),
          ]),
        ),
    help.flags.length === 0 ? undefined : flags(help.flags),
    help.examples === undefined || help.examples.length === 0
      ? undefined
      : `\`\`\`sh\n${help.examples
          .map((one) => `${one.description === undefined ? "" : `# ${one.description}\n`}${one.command}`)
          .join("\n\n")}\n\`\`\``,
  ]).trimEnd();

/** docs/cli.md. */
export const commandReference = async (): Promise<string> => {
  const [root, ...all] = await commands();
  return page([
    generatedBy("tools/reference/commands.ts from src/cli"),
    "# The command line",
    "What `mtt COMMAND --help` says, of all commands. Results go to stdout, everything else to stderr.",
    table(
      ["exit code", "meaning"],
      [
        ["0", "done"],
        ["1", "the program is wrong, or an assertion failed"],
        ["2", "wrong use: a flag, a file that is not there"],
        ["3", "the run failed: data, disk, a training that diverged"],
        ["130", "interrupted"],
      ],
    ),
    "Flags win over `MTT_*` variables, those over the nearest `mtt.yaml` above the file (keys `store`, `data`, `backend`, `device`, `memory`, `params`), that over the program.",
    "Every command takes:",
    flags(root!.help.globalFlags ?? []),
    ...all.map(section),
  ]);
};
