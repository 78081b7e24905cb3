/**
 * Runs the WebAssembly project's core tests (folder of .wast files in WASM_SPEC_DIR, such as a checkout of WebAssembly/testsuite) on each module before and after metering.
 * Every assertion must have the same outcome both times, the one that the script wants, and what a script calls invalid or malformed must be refused.
 */
import { existsSync, globSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SpecScript, type Tally } from './spec-script.ts';

const folder = process.env['WASM_SPEC_DIR'];
if (folder === undefined || !existsSync(folder)) {
  process.stderr.write('Set WASM_SPEC_DIR to a folder with the .wast files of the WebAssembly specification\n');
  process.exit(2);
}

const given = process.argv.slice(2);
const files = given.length > 0 ? given.map((file) => resolve(folder, file)) : globSync(join(resolve(folder), '**/*.wast')).toSorted();
const total: Tally = { same: 0, refused: new Map(), failures: [] };

for (const file of files) {
  const script = new SpecScript(file, total);
  script.run();
}

for (const failure of total.failures.slice(0, 200)) process.stdout.write(`${failure}\n`);
const refused = [...total.refused].toSorted(([, a], [, b]) => b - a).map(([why, count]) => `  ${count} × ${why}`);
process.stdout.write(`${files.length} scripts: ${total.same} assertions hold before and after metering, ${total.failures.length} do not\nLeft out, as their module is not accepted:\n${refused.join('\n')}\n`);
process.exitCode = total.failures.length > 0 || total.same === 0 ? 1 : 0;
