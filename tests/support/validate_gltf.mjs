// Runs the Khronos glTF validator on a file and prints its report: `node tests/support/validate_gltf.mjs FILE`.
// The exit code is 1 when the report has errors or warnings.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const validator = createRequire(new URL("../../web/package.json", import.meta.url))("gltf-validator");

const [path] = process.argv.slice(2);
if (path === undefined) {
  console.error("usage: node tests/support/validate_gltf.mjs FILE");
  process.exit(2);
}
const report = await validator.validateBytes(new Uint8Array(await readFile(path)), { uri: path, maxIssues: 100 });
console.log(JSON.stringify(report));
process.exitCode = report.issues.numErrors + report.issues.numWarnings > 0 ? 1 : 0;
