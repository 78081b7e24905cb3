import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { effectiveEgress } from '../../policy/app-egress.ts';
import { effectiveLimits } from '../../policy/app-limits.ts';
import { testFolder } from '../../util/test-folder.ts';
import { appsFromOperator } from './apps-from-operator.ts';
import { readOperatorFile } from './read-operator-file.ts';

const WRANGLER = 'name = "folder"\nvars = { A = "folder", KEEP = "1" }\nroutes = ["folder.com"]\nlimits = { cpu_ms = 5, subrequests = 7 }';

describe('appsFromOperator', () => {
  it('puts the words of the entry in place of those of the folder', async (test) => {
    const root = await testFolder(test, {
      'nanos.yaml': 'apps:\n  - { path: a, name: mine, hostname: mine.com, port: 4001, env: { A: operator, S: x }, limits: { cpu_ms: 500 } }\n  - path: a',
      'a/wrangler.toml': WRANGLER,
      'a/.dev.vars': 'S=folder\nT=folder',
      'a/index.js': '',
    });
    const { apps, failures } = await appsFromOperator(await readOperatorFile(join(root, 'nanos.yaml')), root, {});
    assert.deepEqual(failures, []);
    const [mine, folder] = apps;
    assert.deepEqual([mine?.name, mine?.hostnames, mine?.port], ['mine', ['mine.com'], 4001]);
    assert.deepEqual(mine?.vars, { A: 'operator', KEEP: '1', S: 'x' });
    assert.deepEqual(mine.secrets, { T: 'folder' });
    assert.deepEqual([mine.limits.cpuMsMax, mine.limits.subrequestsMax], [500, 7]);
    assert.deepEqual([folder?.name, folder?.hostnames, folder?.port, folder?.limits.cpuMsMax], ['folder', ['folder.com'], undefined, 5]);
  });

  it('grants what an entry says, to that app only, above what its folder could get', async (test) => {
    const root = await testFolder(test, {
      'nanos.yaml': 'apps:\n  - { path: a, limits: { memory: 512MB }, egress: { private: [loopback] } }\n  - path: b\ntenants: { a: { limits: { memory: 64MB, cpu_ms: 99 } } }',
      'a/index.js': '',
      'b/index.js': '',
    });
    const { apps, policy } = await appsFromOperator(await readOperatorFile(join(root, 'nanos.yaml')), root, {});
    const limits = apps.map((app) => effectiveLimits(app.limits, policy, app.name));
    assert.deepEqual(limits.map((each) => [each.memoryMbMax, each.cpuMsMax]), [[512, 99], [128, 50]]);
    const ranges = apps.map((app) => effectiveEgress(app.egress, policy, app.name).privateRanges);
    assert.deepEqual(ranges, [['127.0.0.0/8', '::1/128'], []]);
  });

  it('grants bindings and tokens to an entry, above what its tenant has', async (test) => {
    const root = await testFolder(test, {
      'nanos.yaml': 'apps:\n  - { path: a, tokens: { max: 5 }, bindings: { AI: { type: llm, max_tokens: 9 } } }\ntenants: { a: { tokens: { max: 7, per: hour }, bindings: { AI: { type: llm }, R: { type: agent, manifest: r.nano } } } }',
      'a/index.js': '',
    });
    const { policy } = await appsFromOperator(await readOperatorFile(join(root, 'nanos.yaml')), root, {});
    const granted = policy.tenants.get('a');
    assert.deepEqual(granted?.bindings, { AI: { type: 'llm', max_tokens: 9 }, R: { type: 'agent', manifest: 'r.nano' } });
    assert.deepEqual(granted?.tokens, { tokensMax: 5, per: 'day' });
  });

  it('expands listed names into secrets, and leaves others and the folder alone', async (test) => {
    const root = await testFolder(test, {
      'nanos.yaml': 'secrets: [TOKEN]\napps:\n  - { path: a, env: { AUTH: "Bearer ${TOKEN}", OTHER: "${HOME}", N: 1 } }',
      'a/wrangler.toml': 'vars = { AUTH = "x", THEFT = "${TOKEN}" }',
      'a/.dev.vars': 'THEFT2=${TOKEN}',
      'a/index.js': '',
    });
    const policy = await readOperatorFile(join(root, 'nanos.yaml'));
    const [app] = (await appsFromOperator(policy, root, { TOKEN: 's3cret', HOME: '/root' })).apps;
    assert.deepEqual(app?.secrets, { AUTH: 'Bearer s3cret', THEFT2: '${TOKEN}' });
    assert.deepEqual(app.vars, { AUTH: 'x', THEFT: '${TOKEN}', OTHER: '${HOME}', N: 1 });
    const { failures } = await appsFromOperator(policy, root, {});
    assert.deepEqual(failures.map(({ error }) => error.message), ["TOKEN is listed under secrets but is not set in the host's environment"]);
  });

  it('keeps the other apps when one is broken', async (test) => {
    const root = await testFolder(test, { 'nanos.yaml': 'apps: [{ path: gone }, { path: a }]', 'a/index.js': '' });
    const { apps, failures } = await appsFromOperator(await readOperatorFile(join(root, 'nanos.yaml')), root, {});
    assert.deepEqual(apps.map((app) => app.name), ['a']);
    assert.deepEqual(failures.map(({ folder, error }) => [folder, error.code]), [[join(root, 'gone'), 'folder_missing']]);
  });
});
