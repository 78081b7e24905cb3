/** For tests: a process that runs an agent until it is killed. Arguments: the folder, its module, and the port of the counter. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startRun } from './start-run.ts';
import { testEnvironment, testManifest } from './test-environment.ts';

const [folder = '', module = '', port = ''] = process.argv.slice(1);
const place = { folder, dataDir: join(folder, '.nanos') };
const manifest = testManifest(place, readFileSync(module), { goal: `http://127.0.0.1:${port}/effect`, permissions: { network: true } });
const operator = { egress: { hosts: undefined, privateRanges: ['127.0.0.0/8'] }, withheldPaths: [], readOnlyPaths: [] };
const run = await startRun(manifest, testEnvironment(place, { operator }));
process.stdout.write(`${run.file}\n`);
const { end, message } = await run.result;
process.stdout.write(`${end}: ${message}\n`);
