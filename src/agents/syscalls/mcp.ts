/** The family `mcp`: tools, resources and prompts of the manifest's MCP servers. */
import { z } from 'zod';
import { mcpAllowed } from '../../policy/agent-mcp.ts';
import { ALLOWED } from '../../policy/agent-verdict.ts';
import type { SyscallHandler } from '../syscall-handler.ts';
import { unconfigured } from './unconfigured.ts';

const REMEDY = 'this host has no driver for MCP servers';

const server = z.string().min(1).max(128);
const values = z.record(z.string(), z.json());

const callArguments = z.strictObject({ server, tool: z.string().min(1).max(256), arguments: values.optional() });
const listArguments = z.strictObject({ server: server.optional() });
const resourceArguments = z.strictObject({ server, uri: z.string().min(1).max(8_192) });
const promptArguments = z.strictObject({ server, name: z.string().min(1).max(256), arguments: z.record(z.string(), z.string()).optional() });

/** Without a server, `mcp_list_tools` is about all that the manifest names. */
export const mcpSyscalls: readonly SyscallHandler[] = [
  unconfigured<z.infer<typeof callArguments>>(
    { name: 'mcp_call', arguments: callArguments, body: 'none', authorize: (args, { grant }) => mcpAllowed(grant.manifest.mcpServers, args.server, args.tool) },
    REMEDY,
  ),
  unconfigured<z.infer<typeof listArguments>>(
    {
      name: 'mcp_list_tools',
      arguments: listArguments,
      body: 'none',
      authorize: (args, { grant }) => (args.server === undefined ? ALLOWED : mcpAllowed(grant.manifest.mcpServers, args.server)),
    },
    REMEDY,
  ),
  unconfigured<z.infer<typeof resourceArguments>>(
    { name: 'mcp_read_resource', arguments: resourceArguments, body: 'none', authorize: (args, { grant }) => mcpAllowed(grant.manifest.mcpServers, args.server) },
    REMEDY,
  ),
  unconfigured<z.infer<typeof promptArguments>>(
    { name: 'mcp_get_prompt', arguments: promptArguments, body: 'none', authorize: (args, { grant }) => mcpAllowed(grant.manifest.mcpServers, args.server) },
    REMEDY,
  ),
];
