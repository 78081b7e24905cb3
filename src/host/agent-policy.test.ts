import assert from 'node:assert/strict';
import test from 'node:test';
import type { AgentManifest } from '../protocol/agent/manifest.ts';
import { DEFAULT_AGENT_BUDGETS } from '../protocol/agent-limits.ts';
import { withinPolicy, type ManifestPolicy } from './agent-policy.ts';

const MANIFEST: AgentManifest = {
  name: 'a',
  folder: '/agents/a',
  goal: '',
  budgets: DEFAULT_AGENT_BUDGETS,
  permissions: { fsRead: [], fsWrite: [], network: true },
  mcpServers: [],
  approve: [],
  agents: [],
};

const POLICY: ManifestPolicy = { limitsMax: DEFAULT_AGENT_BUDGETS, sharedMemories: ['team'], contextTokensMax: 4_096 };

test('what a manifest asks within the operator’s limits it gets, up to the limit', () => {
  const settled = withinPolicy(MANIFEST, POLICY);
  assert.equal(settled.manifest, MANIFEST);
  assert.deepEqual(settled.refused, []);
});

test('each budget is cut to the operator’s, one past it already', () => {
  for (const [name, limit] of Object.entries(DEFAULT_AGENT_BUDGETS) as [keyof typeof DEFAULT_AGENT_BUDGETS, number | bigint][]) {
    const more = typeof limit === 'bigint' ? limit + 1n : limit + 1;
    const { manifest, refused } = withinPolicy({ ...MANIFEST, budgets: { ...DEFAULT_AGENT_BUDGETS, [name]: more } }, POLICY);
    assert.deepEqual(manifest.budgets, DEFAULT_AGENT_BUDGETS);
    assert.equal(refused.length, 1);
    assert.match(refused[0]?.message ?? '', new RegExp(`from ${more} to ${limit}`));
    assert.equal(refused[0]?.wasAsked, true);
  }
});

test('what every manifest gets is cut too, without a word that nobody asked for', () => {
  const { manifest, refused } = withinPolicy(MANIFEST, { ...POLICY, limitsMax: { ...DEFAULT_AGENT_BUDGETS, stepsMax: 3 } });
  assert.equal(manifest.budgets.stepsMax, 3);
  assert.deepEqual(refused.map(({ wasAsked }) => wasAsked), [false]);
});

test('servers that are programs are left out, those at a URL stay', () => {
  const server = { args: [], env: {}, headers: {} };
  const program = { ...server, name: 'shell', command: 'sh' };
  const remote = { ...server, name: 'docs', url: 'https://mcp.example/' };
  const { manifest, refused } = withinPolicy({ ...MANIFEST, mcpServers: [program, remote] }, POLICY);
  assert.deepEqual(manifest.mcpServers, [remote]);
  assert.match(refused[0]?.message ?? '', /mcp_servers\.shell is left out/);
});

test('a model’s context is cut to the operator’s, one past it already', () => {
  const asking = (contextWindow: number): AgentManifest => ({ ...MANIFEST, model: { provider: 'ollama', modelName: 'x', contextWindow } });
  assert.deepEqual(withinPolicy(asking(4_096), POLICY).refused, []);
  assert.deepEqual(withinPolicy(asking(1_000_000), { ...POLICY, contextTokensMax: undefined }).refused, []);
  const { manifest, refused } = withinPolicy(asking(4_097), POLICY);
  assert.deepEqual(manifest.model, { provider: 'ollama', modelName: 'x', contextWindow: 4_096 });
  assert.match(refused[0]?.message ?? '', /context_window is cut from 4097 to 4096/);
});

test('a memory to share is one that the operator names, else it is the agent’s own', () => {
  assert.equal(withinPolicy({ ...MANIFEST, sharedMemory: 'team' }, POLICY).manifest.sharedMemory, 'team');
  const { manifest, refused } = withinPolicy({ ...MANIFEST, sharedMemory: 'others' }, POLICY);
  assert.equal(manifest.sharedMemory, undefined);
  assert.match(refused[0]?.message ?? '', /shared_memory others is left out/);
});
