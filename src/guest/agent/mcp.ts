import { callForJson, type Cancellable } from './runtime.ts';

export interface McpContent {
  readonly type: string;
  readonly text?: string | undefined;
  readonly [key: string]: unknown;
}

export interface McpResult {
  readonly content: readonly McpContent[];
  readonly structuredContent?: unknown;
  readonly isError?: boolean | undefined;
}

export interface McpTool {
  readonly server: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema?: unknown;
}

/** Calls a tool of a server that the manifest names. An error that the tool itself reports is a result with `isError`. */
export function call(server: string, tool: string, args: Readonly<Record<string, unknown>> = {}, { signal }: Cancellable = {}): Promise<McpResult> {
  return callForJson('mcp_call', { server, tool, arguments: args }, { signal });
}

/** The tools of one server, or of all. */
export function listTools(server?: string, { signal }: Cancellable = {}): Promise<McpTool[]> {
  return callForJson('mcp_list_tools', { server }, { signal });
}

export function readResource(server: string, uri: string, { signal }: Cancellable = {}): Promise<unknown> {
  return callForJson('mcp_read_resource', { server, uri }, { signal });
}

export function getPrompt(server: string, name: string, args: Readonly<Record<string, string>> = {}, { signal }: Cancellable = {}): Promise<unknown> {
  return callForJson('mcp_get_prompt', { server, name, arguments: args }, { signal });
}
