import { format } from "../src/format/format.ts";
import { makeEditor, mend, show } from "./editor.ts";
import { examples } from "./examples.ts";
import { pack, unpack } from "./link.ts";
import { ShapesPanel, showProblems } from "./panels.ts";
import { FILE, Session } from "./session.ts";

const find = <T extends Element>(id: string, kind: new () => T): T => {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new TypeError(`the page has no ${id}`);
  return found;
};

const session = new Session();
const problems = find("problems", HTMLElement);
const status = find("status", HTMLElement);
const choice = find("example", HTMLSelectElement);
const shapes = new ShapesPanel(
  find("tables", HTMLElement),
  find("picture", HTMLElement),
  find("drawn", HTMLSelectElement),
);

const tell = (text: string): void => {
  status.textContent = text;
};

// A check waits for as long as the last one took, so that fast typing is not checked letter by letter.
let pending: number | undefined;
let took = 0;
const soon = (): void => {
  delete document.body.dataset.checked;
  clearTimeout(pending);
  pending = window.setTimeout(check, Math.min(took, 200));
};
const view = makeEditor(find("editor", HTMLElement), session, "", soon);

const go = (offset: number): void => {
  view.dispatch({ selection: { anchor: Math.min(offset, view.state.doc.length) }, scrollIntoView: true });
  view.focus();
};

function check(): void {
  const start = performance.now();
  const program = session.set(view.state.doc.toString());
  took = performance.now() - start;
  show(view, session, program);
  showProblems(problems, program, { go, mend: ({ edits }) => mend(view, edits) });
  shapes.show(program);
  // What is on the page is of this text: the number of its messages.
  document.body.dataset.checked = String(program.compiled.diagnostics.length);
}

/** Another program in the editor. */
const load = (text: string): void => {
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor: 0 } });
  clearTimeout(pending);
  check();
};

const linkTo = async (text: string): Promise<string> => {
  const address = new URL(location.href);
  address.hash = `program=${await pack(text)}`;
  return address.href;
};

/** What the address asks for: a program, or an example by name. */
async function fromAddress(): Promise<void> {
  const asked = new URLSearchParams(location.hash.slice(1));
  const packed = asked.get("program");
  const text = packed === null ? undefined : await unpack(packed);
  if (packed !== null && text === undefined) tell("The link holds no program that can be read; this is an example.");
  const name = asked.get("example") ?? "mnist";
  const [first] = examples.keys();
  choice.value = text === undefined ? (examples.has(name) ? name : first!) : "";
  load(text ?? examples.get(choice.value)!.text);
}

choice.replaceChildren(
  new Option("a program of your own", ""),
  ...[...examples].map(([name, { title }]) => new Option(title, name)),
);
choice.addEventListener("change", () => {
  const example = examples.get(choice.value);
  if (example === undefined) return;
  history.replaceState(null, "", `#example=${choice.value}`);
  tell("");
  load(example.text);
});

find("format", HTMLButtonElement).addEventListener("click", () => {
  const text = view.state.doc.toString();
  const formatted = format(text, FILE);
  if (typeof formatted !== "string") return tell("It is formatted once its syntax is right.");
  if (formatted !== text) view.dispatch({ changes: { from: 0, to: text.length, insert: formatted } });
  tell(formatted === text ? "It was formatted." : "Formatted.");
});

find("share", HTMLButtonElement).addEventListener("click", async () => {
  const link = await linkTo(view.state.doc.toString());
  history.replaceState(null, "", link);
  try {
    await navigator.clipboard.writeText(link);
    tell("The link is copied: it holds the whole program.");
  } catch {
    tell("The link is in the address bar: it holds the whole program.");
  }
});

window.addEventListener("hashchange", fromAddress);
await fromAddress();
document.body.dataset.ready = "true";
