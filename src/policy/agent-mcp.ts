/** Which MCP servers, and which of their tools, an agent may use. */
import type { McpServerRequest } from '../protocol/agent/manifest.ts';
import { ALLOWED, denied } from './agent-verdict.ts';
import type { AgentVerdict } from './agent-verdict.ts';

const SHOWN_CHARACTERS_MAX = 200;

/** `tool`: undefined for calls that are about the server. */
export function mcpAllowed(servers: readonly McpServerRequest[], name: string, tool?: string): AgentVerdict {
  const server = servers.find((candidate) => candidate.name === name);
  if (server === undefined) return denied(`MCP server ${shown(name)}`, servers.length === 0 ? 'mcp_servers grants nothing' : `mcp_servers: ${servers.map((other) => other.name).join(', ')}`);
  if (tool === undefined || server.tools === undefined || server.tools.includes(tool)) return ALLOWED;
  return denied(`tool ${shown(tool)} of MCP server ${name}`, server.tools.length === 0 ? `mcp_servers: ${name} grants no tool` : `mcp_servers: ${name}: tools: ${server.tools.join(', ')}`);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, SHOWN_CHARACTERS_MAX));
}
