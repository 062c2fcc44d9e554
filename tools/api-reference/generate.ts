/**
 * Writes docs/api from the doc comments of the library's doors: `npm run reference`, or into the folder that the argument names. A workspace of its own,
 * because TypeDoc reads sources with a compiler of an earlier major version than the project's.
 */
import { join, resolve } from "node:path";
import { Application } from "typedoc";

const root = resolve(import.meta.dirname, "../..");
const app = await Application.bootstrapWithPlugins({
  entryPoints: [join(root, "src/index.ts"), join(root, "src/effect.ts")],
  tsconfig: join(root, "tsconfig.json"),
  plugin: ["typedoc-plugin-markdown"],
  out: process.argv[2] ?? join(root, "docs/api"),
  name: "mtt in scripts",
  readme: "none",
  // `npm run types` checks the sources.
  skipErrorChecking: true,
  // Lines move with every change.
  disableSources: true,
  disableGit: true,
  excludePrivate: true,
  excludeInternal: true,
  excludeExternals: true,
  logLevel: "Error",
  outputs: [{ name: "markdown", path: process.argv[2] ?? join(root, "docs/api") }],
  validation: false,
});
app.options.setValue("outputFileStrategy", "modules");
for (const format of [
  "parametersFormat",
  "interfacePropertiesFormat",
  "classPropertiesFormat",
  "typeAliasPropertiesFormat",
])
  app.options.setValue(format, "table");
app.options.setValue("hidePageHeader", true);
app.options.setValue("hideBreadcrumbs", true);
const project = await app.convert();
if (project === undefined) throw new Error("TypeDoc could not read the sources");
await app.generateOutputs(project);
if (app.logger.hasErrors()) process.exitCode = 1;
