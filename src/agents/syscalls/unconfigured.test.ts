import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_AGENT_BUDGETS } from '../../protocol/agent-limits.ts';
import type { AgentManifest } from '../../protocol/agent/manifest.ts';
import { settleGrant } from '../grant.ts';
import { fleetSyscalls } from './fleet.ts';
import { mcpSyscalls } from './mcp.ts';

const manifest: AgentManifest = {
  name: 'a',
  folder: '/nowhere',
  goal: '',
  budgets: DEFAULT_AGENT_BUDGETS,
  permissions: { fsRead: [], fsWrite: [], network: false },
  mcpServers: [{ name: 'ping', command: 'x', args: [], env: {}, headers: {}, tools: ['ping'] }],
  approve: [],
  agents: [],
};
const context = { grant: settleGrant(manifest, { egress: { hosts: undefined, privateRanges: [] }, withheldPaths: [], readOnlyPaths: [] }), signal: new AbortController().signal };
const handlers = [...mcpSyscalls, ...fleetSyscalls];
const handlerOf = (name: string) => {
  const handler = handlers.find((candidate) => candidate.name === name);
  assert.ok(handler, name);
  return handler;
};

const good: readonly (readonly [name: string, args: unknown])[] = [
  ['mcp_call', { server: 'ping', tool: 'ping', arguments: { a: [1] } }],
  ['mcp_list_tools', {}],
  ['mcp_list_tools', { server: 'ping' }],
  ['mcp_read_resource', { server: 'ping', uri: 'file:///x' }],
  ['mcp_get_prompt', { server: 'ping', name: 'p', arguments: { a: 'b' } }],
  ['fleet_send', { to: 'writer' }],
  ['fleet_recv', {}],
  ['fleet_recv', { timeoutMs: 0 }],
];

const bad: readonly (readonly [name: string, args: unknown])[] = [
  ['mcp_call', { server: 'ping' }],
  ['mcp_call', { server: 'ping', tool: 'x', arguments: [] }],
  ['mcp_get_prompt', { server: 'ping', name: 'p', arguments: { a: 1 } }],
  ['fleet_send', {}],
  ['fleet_recv', { timeoutMs: -1 }],
];

describe('syscalls that nothing stands behind', () => {
  for (const [name, args] of good) {
    it(`${name} ${JSON.stringify(args)} passes the gate and says what is missing`, () => {
      const handler = handlerOf(name);
      const read = handler.arguments.parse(args);
      assert.deepEqual(handler.authorize(read, context), { allowed: true });
      assert.throws(() => handler.act(read, undefined, context), { name: 'SyscallError', code: 'not_configured', message: new RegExp(`^${name} is not configured: `) });
    });
  }
  for (const [name, args] of bad) it(`${name} ${JSON.stringify(args)} is refused`, () => assert.ok(!handlerOf(name).arguments.safeParse(args).success));

  it('are denied where the manifest does not grant the server or the tool', () => {
    const verdict = (name: string, args: unknown) => handlerOf(name).authorize(handlerOf(name).arguments.parse(args), context).allowed;
    assert.ok(!verdict('mcp_call', { server: 'ping', tool: 'other' }));
    for (const [name, args] of [['mcp_call', { server: 'x', tool: 'ping' }], ['mcp_list_tools', { server: 'x' }], ['mcp_read_resource', { server: 'x', uri: 'u' }], ['mcp_get_prompt', { server: 'x', name: 'n' }]] as const) assert.ok(!verdict(name, args), name);
  });
});
