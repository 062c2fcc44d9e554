import { autocompletion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { lintGutter, type Diagnostic as Shown, setDiagnostics } from "@codemirror/lint";
import { EditorState, type Extension, RangeSet, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, hoverTooltip, WidgetType } from "@codemirror/view";
import { basicSetup } from "codemirror";
import { CompletionItemKind } from "vscode-languageserver-types";
import type { Fix } from "../src/diagnostic/diagnostic.ts";
import { completion } from "../src/lsp/completion.ts";
import { messageOf } from "../src/lsp/diagnostics.ts";
import { hover } from "../src/lsp/hover.ts";
import { inlayHints } from "../src/lsp/inlay-hints.ts";
import type { Program } from "../src/lsp/workspace.ts";
import { marksOf } from "./marks.ts";
import { FILE, type Session } from "./session.ts";

/** An editor of one program. `changed` is called after every edit. */
export function makeEditor(parent: Element, session: Session, text: string, changed: () => void): EditorView {
  const extensions: Extension = [
    basicSetup,
    EditorState.languageData.of(() => [{ commentTokens: { line: "//", block: { open: "/*", close: "*/" } } }]),
    lintGutter(),
    colours,
    shapes,
    autocompletion({ override: [(context) => completions(session, context)] }),
    hoverTooltip((view, at) => tooltip(session, view.state, at)),
    EditorView.contentAttributes.of({
      "aria-label": "Program",
      tabindex: "0",
      spellcheck: "false",
      autocapitalize: "off",
    }),
    EditorView.updateListener.of(({ docChanged }) => {
      if (docChanged) changed();
    }),
  ];
  return new EditorView({ parent, doc: text, extensions });
}

/** Makes a fix's edits. */
export const mend = (view: EditorView, edits: Fix["edits"]): void =>
  view.dispatch({ changes: edits.map(({ span, text }) => ({ from: span.start, to: span.end, insert: text })) });

/** Shows what was found of the program that the editor holds: diagnostics, colours, the shape after every stage. */
export function show(view: EditorView, session: Session, program: Program): void {
  const { workspace } = session;
  const own = program.compiled.diagnostics.filter(({ span }) => span.file === FILE);
  const diagnostics = own.map(
    (diagnostic): Shown => ({
      from: diagnostic.span.start,
      to: Math.max(diagnostic.span.start, diagnostic.span.end),
      severity: diagnostic.severity,
      source: diagnostic.code,
      message: messageOf(diagnostic),
      renderMessage: () => paragraph(`${diagnostic.code} ${messageOf(diagnostic)}`),
      actions: diagnostic.fixes.map(({ title, edits }) => ({
        name: title,
        apply: (target) => mend(target, edits),
      })),
    }),
  );
  const hints = inlayHints(workspace, FILE, 0, program.entry.text.length);
  const document = workspace.document(FILE)!;
  view.dispatch(setDiagnostics(view.state, diagnostics), {
    effects: [
      setColours.of(
        RangeSet.of(
          marksOf(workspace, program).map((mark) => Decoration.mark({ class: mark.class }).range(mark.from, mark.to)),
        ),
      ),
      setShapes.of(
        RangeSet.of(
          hints.map(({ position, label }) =>
            Decoration.widget({ widget: new ShapeHint(String(label)), side: 1 }).range(document.offsetAt(position)),
          ),
          true,
        ),
      ),
    ],
  });
}

/** Decorations that an effect sets, and that go with the text until the next. */
const decorations = (effect: ReturnType<typeof StateEffect.define<DecorationSet>>) =>
  StateField.define<DecorationSet>({
    create: () => Decoration.none,
    update: (before, { changes, effects }) =>
      effects.reduce((now, one) => (one.is(effect) ? one.value : now), before.map(changes)),
    provide: (field) => EditorView.decorations.from(field),
  });

const setColours = StateEffect.define<DecorationSet>();
const setShapes = StateEffect.define<DecorationSet>();
const colours = decorations(setColours);
const shapes = decorations(setShapes);

/** The shape after a stage, behind it. */
class ShapeHint extends WidgetType {
  readonly shape: string;
  constructor(shape: string) {
    super();
    this.shape = shape;
  }

  override eq(other: ShapeHint): boolean {
    return other.shape === this.shape;
  }

  override toDOM(): HTMLElement {
    const hint = document.createElement("span");
    hint.className = "shape-hint";
    hint.textContent = this.shape;
    return hint;
  }
}

const paragraph = (text: string): HTMLElement => {
  const shown = document.createElement("div");
  shown.className = "message";
  shown.textContent = text;
  return shown;
};

/** What the language server's hover says, which is Markdown of one block of code and a paragraph. */
function tooltip(session: Session, state: EditorState, at: number) {
  session.set(state.doc.toString());
  const told = hover(session.workspace, FILE, at);
  if (told === null) return null;
  const document_ = session.workspace.document(FILE)!;
  const [, code = "", doc = ""] = /^```mtt\n([\s\S]*?)\n```\s*([\s\S]*)$/.exec(told.contents.value) ?? [];
  return {
    pos: document_.offsetAt(told.range.start),
    end: document_.offsetAt(told.range.end),
    create: () => {
      const dom = document.createElement("div");
      dom.className = "hover";
      const signature = document.createElement("pre");
      signature.textContent = code;
      dom.append(signature, ...(doc === "" ? [] : [paragraph(doc)]));
      return { dom };
    },
  };
}

const kinds: ReadonlyMap<CompletionItemKind | undefined, string> = new Map([
  [CompletionItemKind.Function, "function"],
  [CompletionItemKind.Variable, "variable"],
  [CompletionItemKind.Property, "property"],
  [CompletionItemKind.Field, "property"],
  [CompletionItemKind.Keyword, "keyword"],
  [CompletionItemKind.TypeParameter, "type"],
]);

function completions(session: Session, context: CompletionContext): CompletionResult | null {
  const word = context.matchBefore(/[\p{ID_Start}_]\p{ID_Continue}*/u);
  const trigger = context.matchBefore(/(?:\.|\|>\s?|[(:,]\s?)/);
  if (word === null && trigger === null && !context.explicit) return null;
  session.set(context.state.doc.toString());
  const items = completion(session.workspace, FILE, context.pos);
  const order = items.toSorted((a, b) => ((a.sortText ?? a.label) < (b.sortText ?? b.label) ? -1 : 1));
  return {
    from: word?.from ?? context.pos,
    validFor: /^[\p{ID_Start}_]?\p{ID_Continue}*$/u,
    options: order.map(({ label, insertText, kind, detail, documentation }, i) => {
      const type = kinds.get(kind);
      const text =
        typeof documentation === "string" ? documentation : documentation?.value.replaceAll(/```(?:mtt)?\n?/g, "");
      return {
        label,
        boost: -i / Math.max(1, order.length),
        ...(insertText === undefined ? {} : { apply: insertText }),
        ...(type === undefined ? {} : { type }),
        ...(detail === undefined ? {} : { detail }),
        ...(text === undefined || text === "" ? {} : { info: text }),
      };
    }),
  };
}
