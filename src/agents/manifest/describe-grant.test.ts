import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { testFolder } from '../../util/test-folder.ts';
import { describeGrant } from './describe-grant.ts';
import { readManifest } from './read-manifest.ts';

async function lines(test: TestContext, text: string): Promise<string[]> {
  const folder = await testFolder(test, { 'agent.nano': text, 'dist/a.wasm': '' });
  const { manifest } = await readManifest(join(folder, 'agent.nano'));
  return describeGrant(manifest).map((line) => line.replace(folder, 'FOLDER'));
}

describe('describeGrant', () => {
  it('says everything that a manifest grants, a line each', async (test) => {
    const text = `name: secret
binary: dist/a.wasm
goal: Extract the secret
model: { provider: openai, model_name: gpt, embedding_model: near, api_url: "https://api.example.com/v1", api_key: "\${OPENAI_KEY}" }
resources: { memory: 512MB, max_steps: 10, fuel: 10B, wall: 90s }
permissions: { fs_read: [a.txt, "data/**"], fs_write: [out.txt], network: [a.test, "*.b.test"] }
mcp_servers:
  - { name: ping, command: node, args: [server.js], env: { TOKEN: literal }, tools: [ping] }
  - { name: far, url: "https://mcp.example.com/", headers: { Authorization: "Bearer \${FAR}" } }
tools: [fs_write, fs_read]
approve: [fs_write]
agents: [{ name: writer, goal: write }]
shared_memory: team
`;
    assert.deepEqual(await lines(test, text), [
      'agent      secret',
      'runs       dist/a.wasm',
      'goal       Extract the secret',
      'folder     FOLDER',
      'reads      a.txt, data/**',
      'writes     out.txt',
      'network    a.test, *.b.test',
      'tools      fs_read, fs_write',
      'asks       before each call of fs_write',
      'model      openai gpt (embeddings: near) https://api.example.com/v1; secrets: OPENAI_KEY',
      'memory     team, which other agents read and write',
      'MCP        ping: starts node server.js; tools: ping; secrets: manifest:mcp_servers.ping.env.TOKEN',
      'MCP        far: connects to https://mcp.example.com/; secrets: FAR',
      'member     writer: write',
      'limits     512 MB, 10 steps, 10,000,000,000 fuel (10,000,000,000 at a stretch), 90 s, 1,000,000 tokens',
    ]);
  });

  it('says so when nothing is granted', async (test) => {
    const said = await lines(test, 'name: a\ngoal: g\npermissions: {}\ntools: []');
    for (const line of ['runs       the built-in agent', 'reads      nothing', 'writes     nothing', 'network    none', 'tools      nothing']) assert.ok(said.includes(line), line);
    assert.ok((await lines(test, 'name: a\ngoal: g\npermissions: { network: true }')).includes('network    any public host'));
  });

  it('lets no manifest write over its lines', async (test) => {
    const said = await lines(test, 'name: a\npermissions: { fs_read: ["x\\u001bcA\\u202e", "y\\nwrites     nothing"] }\ngoal: "one\\r\\ntwo\\u2028three"');
    assert.ok(said.every((line) => !/[\p{Cc}\p{Cf}\u2028]/u.test(line)));
    assert.ok(said.includes('reads      x\\u{1b}cA\\u{202e}, y writes     nothing'));
    assert.ok(said.includes('goal       one\\u{d} two\\u{2028}three'));
    const [, , goal = ''] = await lines(test, `name: a\npermissions: {}\ngoal: ${'x'.repeat(10_000)}`);
    assert.equal(goal.length, 401);
  });
});
