/** The built-in agent in a host: its thread asks the supervisor, which has the models. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { RunDetail } from '../../src/protocol/agent/control.ts';
import { startNanos, temporaryFolder } from '../support/start-nanos.ts';
import { engineMissing } from '../support/engine-missing.ts';

const MANIFEST = `name: secret
goal: Read the file instruction.txt, find the secret code inside it, and write ONLY the secret code into a new file called secret.txt. Then call done.
permissions: { fs_read: [instruction.txt], fs_write: [secret.txt] }
`;

test('a manifest without code runs in a host; one whose model is elsewhere says so', { skip: engineMissing() }, async () => {
  const root = await temporaryFolder({ after });
  const agents = join(root, 'agents');
  mkdirSync(agents);
  writeFileSync(join(agents, 'secret.nano'), MANIFEST);
  writeFileSync(join(agents, 'outside.nano'), `${MANIFEST}model: { provider: local, path: /etc/hostname }\n`);
  writeFileSync(join(agents, 'nowhere.nano'), `${MANIFEST}model: { provider: ollama, model_name: x, api_key: "\${NOT_LENT}" }\n`);
  writeFileSync(join(agents, 'instruction.txt'), 'The secret code is OAK-12.');
  const host = await startNanos({ after }, { root, files: { 'hello/index.js': `export default { fetch: () => new Response('hello') };` }, args: ['--agents', agents] });
  const run = async (manifest: string): Promise<RunDetail> => {
    const answer = await host.control('/v1/run', 'admin', { method: 'POST', body: JSON.stringify({ manifest }) });
    assert.equal(answer.status, 202, answer.text);
    const { id } = JSON.parse(answer.text) as RunDetail;
    return JSON.parse((await host.control(`/v1/runs/${id}?wait=60`, 'admin')).text) as RunDetail;
  };
  const done = await run('secret.nano');
  assert.deepEqual([done.status, done.message], ['done', 'Wrote the secret code to secret.txt.']);
  assert.equal(readFileSync(join(agents, 'secret.txt'), 'utf8'), 'OAK-12');
  assert.ok(done.tokens > 100);
  const outside = await run('outside.nano');
  assert.match(`${outside.status} ${outside.message}`, /^agent_threw .*outside of the folder of agents/su);
  const nowhere = await run('nowhere.nano');
  assert.match(`${nowhere.status} ${nowhere.message}`, /^agent_threw .*Secret NOT_LENT is not available/su);
});
