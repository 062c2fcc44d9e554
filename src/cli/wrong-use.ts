import { type CliError, CliOutput } from "effect/cli";
import * as Effect from "effect/Effect";
import { nearMiss } from "../diagnostic/near-miss.ts";
import { print, printError } from "./print.ts";

/** Help goes to stdout where it was asked for; what was wrong goes to stderr in a line or two, and leaves stdout to results. */
export const presenter: CliOutput.Presenter = {
  present: (event) => {
    switch (event._tag) {
      case "Help":
        return Effect.flatMap(CliOutput.Formatter, (formatter) => print(formatter.formatHelpDoc(event.helpDoc)));
      case "Version":
        return print(`${event.name} ${event.version}`);
      case "InvalidInvocation": {
        const said = event.errors.map((error) => `mtt: ${explain(error)}`);
        return printError([...said, `  help: ${event.commandPath.join(" ")} --help`].join("\n"));
      }
    }
  },
};

type Wrong = Exclude<CliError.CliError, CliError.ShowHelp>;

/** What was wrong, with the near miss. */
const explain = (error: Wrong): string => {
  switch (error._tag) {
    case "UnrecognizedOption":
      return `there is no flag ${error.option}${meant(error.suggestions[0])}`;
    case "UnknownSubcommand":
      return `there is no command \`${error.subcommand}\`${meant(error.suggestions[0])}`;
    case "MissingArgument":
      return `\`${error.argument}\` is missing`;
    case "UnexpectedArgument":
      return `${error.arguments.map((argument) => `\`${argument}\``).join(", ")}: nothing is expected there`;
    case "InvalidValue": {
      const allowed = [...error.expected.matchAll(/"([^"]+)"/g)].map((match) => match[1]!);
      const place = error.kind === "flag" ? `--${error.option}` : `<${error.option}>`;
      if (error.value === "") return `${place} needs a value`;
      if (error.option === "set") return `--set takes name=value, and got \`${error.value}\``;
      if (allowed.length === 0) return `${place} cannot be \`${error.value}\`: ${error.expected}`;
      return `${place} cannot be \`${error.value}\`${meant(nearMiss(error.value, allowed))} (it can be ${allowed.join(", ")})`;
    }
    case "MissingOption":
    case "DuplicateOption":
    case "ValidationError":
    case "UserError":
      return error.message;
  }
};

const meant = (near: string | undefined): string => (near === undefined ? "" : `; did you mean \`${near}\`?`);
