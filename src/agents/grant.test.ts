import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { settleGrant } from './grant.ts';
import type { Grant } from './grant.ts';
import { readManifest } from './manifest/read-manifest.ts';
import { fileSyscalls } from './syscalls/files.ts';

const OPERATOR = { egress: { hosts: ['a.test'], privateRanges: ['10.0.0.0/8'] }, withheldPaths: ['/data'], readOnlyPaths: ['/etc/nanos.yaml'] };
const PERMISSIONS = 'permissions: { fs_read: ["**"], fs_write: ["**"], network: true }';

async function grantOf(test: TestContext, text: string): Promise<Grant> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'nanos-grant-')));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'agent.nano'), `name: a\ngoal: g\nbinary: a.wasm\n${PERMISSIONS}\n${text}`);
  writeFileSync(join(folder, 'a.wasm'), 'module');
  return settleGrant((await readManifest(join(folder, 'agent.nano'))).manifest, OPERATOR);
}

function call(grant: Grant, name: string, path: string): string {
  const handler = fileSyscalls.find((candidate) => candidate.name === name);
  const reply = handler?.act({ path }, Buffer.from('x'), { grant, signal: new AbortController().signal });
  assert.ok(reply instanceof Uint8Array);
  return Buffer.from(reply).toString();
}

describe('settleGrant', () => {
  it("is the manifest within the operator's word", async (test) => {
    const grant = await grantOf(test, '');
    assert.deepEqual(grant.egress, { hosts: ['a.test'], privateRanges: ['10.0.0.0/8'] });
    assert.deepEqual(grant.withheldPaths, ['/data']);
    assert.deepEqual(grant.readOnlyPaths, ['/etc/nanos.yaml', grant.manifest.file, grant.manifest.binary]);
  });

  it('grants tools that must be approved, and adds the operator’s to them', async (test) => {
    const grant = await grantOf(test, 'tools: [fs_read, fs_write]\napprove: [fs_write]');
    assert.deepEqual([grant.manifest.tools, grant.approve], [['fs_read', 'fs_write'], ['fs_write']]);
    assert.deepEqual(settleGrant(grant.manifest, { ...OPERATOR, approve: ['web_fetch', 'fs_write'] }).approve, ['fs_write', 'web_fetch']);
  });

  it('lets no agent change its manifest or module, whatever the globs say', async (test) => {
    const grant = await grantOf(test, '');
    for (const path of ['agent.nano', 'a.wasm', './/agent.nano']) assert.throws(() => call(grant, 'fs_write', path), { code: 'permission_denied', rule: /own manifest or module/ }, path);
    assert.match(call(grant, 'fs_read', 'agent.nano'), /^name: a/);
  });

  it('lets no agent read secrets out of its manifest', async (test) => {
    for (const text of [
      'model: { provider: openai, api_key: sk-literal }',
      'mcp_servers: [{ name: x, command: c, env: { API_TOKEN: literal } }]',
      'mcp_servers: [{ name: x, url: "https://x.test/", headers: { Authorization: literal } }]',
    ]) {
      const grant = await grantOf(test, text);
      assert.throws(() => call(grant, 'fs_read', 'agent.nano'), { code: 'permission_denied', rule: /belongs to the host/ }, text);
      assert.ok(!call(grant, 'fs_list', '').includes('agent.nano'));
    }
    assert.match(call(await grantOf(test, 'model: { provider: openai, api_key: "${KEY}" }'), 'fs_read', 'agent.nano'), /KEY/);
  });
});
