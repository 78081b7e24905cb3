/**
 * Generated programs of hostile pieces, run in a cell beside an app that behaves well. Whatever they do to their built-ins, and however they answer:
 * their clients get HTTP, in time, and on failure a documented code; the neighbour answers each of its own clients, rightly; nobody sees another's
 * secret; the cell lives. `PROPERTY_SEED=n` draws other programs, `BOUNDARY_RUNS=n` makes it longer.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ERRORS } from '../../../src/protocol/errors.ts';
import { fc } from '../../../src/util/test-properties.ts';
import type { Answer } from '../../support/http-request.ts';
import { startNanos, temporaryFolder, type Nanos } from '../../support/start-nanos.ts';

const RUNS = Number(process.env['BOUNDARY_RUNS'] ?? 10);
/** Isolates in which programs run side by side. */
const AT_ONCE = 6;
/** Past the wall limit, on a crowded machine. */
const ANSWER_MS_MAX = 30_000;

const PIECES = readFileSync(new URL('../../fixtures/boundary/hostile-pieces.js', import.meta.url), 'utf8');
const VICTIM = `
const fingerprint = () => [Array.prototype.push, Promise.prototype.then, JSON.stringify, Object.prototype.toString, Response.prototype.text, fetch].map(String).join() + Object.getOwnPropertyNames(Object.prototype).sort() + Object.isFrozen(Object.prototype) + Object.keys(globalThis).sort();
const first = fingerprint();
let last = '';
export default {
  async fetch(request) {
    const secret = request.headers.get('x-secret');
    const body = await request.text();
    last = secret;
    await scheduler.wait(1);
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(body)));
    return Response.json({ secret, body, length: digest.length, same: fingerprint() === first }, { headers: { 'x-secret': secret } });
  },
};`;

interface Program {
  readonly tampers: readonly { readonly kind: number; readonly target: number; readonly name: number; readonly behaviour: number }[];
  readonly calls: readonly number[];
  readonly answer: number;
}

const index = fc.nat({ max: 9_973 });
const program: fc.Arbitrary<Program> = fc.record({
  tampers: fc.array(fc.record({ kind: index, target: index, name: index, behaviour: index }), { maxLength: 8 }),
  calls: fc.array(index, { maxLength: 4 }),
  answer: index,
});

let lastSecret = 0;

/** Its answer is its own client's, and right. */
async function askVictim(nanos: Nanos): Promise<string> {
  const secret = `victim-secret-${++lastSecret}-end`;
  const answer = await nanos.request('victim', '/', { method: 'POST', body: `body of ${secret}`, headers: { 'x-secret': secret } });
  assert.equal(answer.status, 200, `${answer.text} ${JSON.stringify(nanos.logs().filter(({ app, level }) => app === 'victim' && level !== 'info'))}`);
  assert.deepEqual(answer.json(), { secret, body: `body of ${secret}`, length: 32, same: true });
  assert.equal(answer.headers['x-secret'], secret);
  return secret;
}

/** `undefined`: the connection was cut in the middle of a body, which is how a stream that fails ends. */
async function askHostile(nanos: Nanos, app: string, query: string): Promise<Answer | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Error(`${app} has not answered`)), ANSWER_MS_MAX)));
  const asked = nanos.request(app, `/?${query}`, { method: 'POST', body: 'own' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNRESET') return undefined;
    throw error;
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}

function assertWellFormed(answer: Answer | undefined): void {
  if (answer === undefined) return;
  const code = answer.headers['x-nanos-error'];
  assert.ok(answer.status >= 200 && answer.status <= 599, `${answer.status}`);
  if (typeof code === 'string') {
    assert.ok(code in ERRORS, code);
    assert.notEqual(code, 'internal');
  }
  assert.equal(answer.headers['x-evil'], undefined);
  assert.ok(!answer.text.includes('SAW') && !answer.text.includes('victim-secret') && !JSON.stringify(answer.headers).includes('victim-secret'), answer.text.slice(0, 1_000));
}

async function runProgram(nanos: Nanos, app: string, { tampers, calls, answer }: Program): Promise<void> {
  const query = encodeURIComponent(JSON.stringify({ tampers, calls, answer }));
  const [first, , second] = await Promise.all([askHostile(nanos, app, query), askVictim(nanos), askHostile(nanos, app, query), askVictim(nanos)]);
  assertWellFormed(first);
  assertWellFormed(second);
  // what it made of its isolate goes with the isolate
  assertWellFormed(await askHostile(nanos, app, 'loop'));
  await askVictim(nanos);
}

test('no program of hostile pieces harms its neighbour, its host or its clients', async (t) => {
  const root = await temporaryFolder({ after });
  const config = join(root, 'hostile.yaml');
  const apps = Array.from({ length: AT_ONCE }, (_, number) => `hostile-${number}`);
  await writeFile(config, `limits: { cpu_ms: 60, wall_ms: 4000, startup_ms: 10000 }\ntenants:\n  victim: { limits: { cpu_ms: 5000, wall_ms: 30000 } }\n`);
  const files = Object.fromEntries(apps.map((name) => [`${name}/index.js`, PIECES]));
  const nanos = await startNanos({ after }, { root, files: { ...files, 'victim/index.js': VICTIM }, args: ['--config', config] });
  const cells = nanos.pids('cell');
  let programs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(program, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (several) => {
      await Promise.all(several.map((one, number) => runProgram(nanos, apps[number] ?? '', one)));
      programs += several.length;
    }),
    { numRuns: RUNS, endOnFailure: true, includeErrorInReport: true },
  );
  t.diagnostic(`${programs} programs`);
  const alarms = nanos.logs().filter(({ event }) => ['cell_died', 'cell_replaced', 'cell_output', 'catastrophe', 'control_error'].includes(event));
  assert.deepEqual(alarms, []);
  assert.deepEqual(nanos.pids('cell'), cells);
  const told = nanos.logs().filter((line) => JSON.stringify(line).includes('victim-secret'));
  assert.deepEqual(told, []);
});
