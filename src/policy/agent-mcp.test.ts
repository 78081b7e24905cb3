import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { McpServerRequest } from '../protocol/agent/manifest.ts';
import { mcpAllowed } from './agent-mcp.ts';

const server = (name: string, tools?: readonly string[]): McpServerRequest => ({ name, command: 'x', args: [], env: {}, headers: {}, tools });
const servers = [server('open'), server('narrow', ['read']), server('shut', [])];

describe('mcpAllowed', () => {
  it('grants the servers and tools that are named', () => {
    for (const [name, tool] of [['open', 'any'], ['open', undefined], ['narrow', 'read'], ['narrow', undefined]] as const) assert.ok(mcpAllowed(servers, name, tool).allowed, name);
    assert.deepEqual(mcpAllowed(servers, 'other', 'x'), { allowed: false, asked: 'MCP server "other"', rule: 'mcp_servers: open, narrow, shut' });
    assert.deepEqual(mcpAllowed(servers, 'narrow', 'write'), { allowed: false, asked: 'tool "write" of MCP server narrow', rule: 'mcp_servers: narrow: tools: read' });
    assert.deepEqual(mcpAllowed(servers, 'shut', 'x'), { allowed: false, asked: 'tool "x" of MCP server shut', rule: 'mcp_servers: shut grants no tool' });
    assert.deepEqual(mcpAllowed([], 'open'), { allowed: false, asked: 'MCP server "open"', rule: 'mcp_servers grants nothing' });
  });
});
