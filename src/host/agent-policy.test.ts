import assert from 'node:assert/strict';
import test from 'node:test';
import type { AgentManifest } from '../protocol/agent/manifest.ts';
import { DEFAULT_AGENT_BUDGETS } from '../protocol/agent-limits.ts';
import { withinPolicy } from './agent-policy.ts';

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

test('what a manifest asks within the operator’s limits it gets, up to the limit', () => {
  const settled = withinPolicy(MANIFEST, DEFAULT_AGENT_BUDGETS);
  assert.equal(settled.manifest, MANIFEST);
  assert.deepEqual(settled.refused, []);
});

test('each budget is cut to the operator’s, one past it already', () => {
  for (const [name, limit] of Object.entries(DEFAULT_AGENT_BUDGETS) as [keyof typeof DEFAULT_AGENT_BUDGETS, number | bigint][]) {
    const more = typeof limit === 'bigint' ? limit + 1n : limit + 1;
    const { manifest, refused } = withinPolicy({ ...MANIFEST, budgets: { ...DEFAULT_AGENT_BUDGETS, [name]: more } }, DEFAULT_AGENT_BUDGETS);
    assert.deepEqual(manifest.budgets, DEFAULT_AGENT_BUDGETS);
    assert.equal(refused.length, 1);
    assert.match(refused[0]?.message ?? '', new RegExp(`from ${more} to ${limit}`));
    assert.equal(refused[0]?.wasAsked, true);
  }
});

test('what every manifest gets is cut too, without a word that nobody asked for', () => {
  const { manifest, refused } = withinPolicy(MANIFEST, { ...DEFAULT_AGENT_BUDGETS, stepsMax: 3 });
  assert.equal(manifest.budgets.stepsMax, 3);
  assert.deepEqual(refused.map(({ wasAsked }) => wasAsked), [false]);
});

test('servers that are programs are left out, those at a URL stay', () => {
  const server = { args: [], env: {}, headers: {} };
  const program = { ...server, name: 'shell', command: 'sh' };
  const remote = { ...server, name: 'docs', url: 'https://mcp.example/' };
  const { manifest, refused } = withinPolicy({ ...MANIFEST, mcpServers: [program, remote] }, DEFAULT_AGENT_BUDGETS);
  assert.deepEqual(manifest.mcpServers, [remote]);
  assert.match(refused[0]?.message ?? '', /mcp_servers\.shell is left out/);
});
