import type { SignatureHelp } from "vscode-languageserver-types";
import { calleesNamed } from "./callee.ts";
import { callAt, placeAt } from "./place.ts";
import type { Workspace } from "./workspace.ts";

/** The parameters of the call that is being written, and which of them comes next. */
export function signatureHelp(workspace: Workspace, name: string, offset: number): SignatureHelp | null {
  const program = workspace.program(name);
  const text = workspace.document(name)?.getText();
  if (program === undefined || text === undefined) return null;
  const call = callAt(placeAt(name, text, offset));
  if (call === undefined || call.declares) return null;
  const signatures = calleesNamed(program, call.callee.text);
  if (signatures.length === 0) return null;
  return {
    activeSignature: 0,
    signatures: signatures.map(({ label, doc, parameters }) => {
      // What flows through the pipe is the first tensor.
      const first = call.piped ? parameters.findIndex(({ tensor }) => tensor) : -1;
      const positional = parameters.filter((_, i) => i !== first)[call.argument];
      const active = call.named ?? positional?.name;
      return {
        label,
        ...(doc === undefined ? {} : { documentation: { kind: "markdown" as const, value: doc } }),
        parameters: parameters.map((one) => ({
          label: one.label,
          ...(one.doc === undefined ? {} : { documentation: one.doc }),
        })),
        activeParameter: parameters.findIndex((one) => one.name === active),
      };
    }),
  };
}
