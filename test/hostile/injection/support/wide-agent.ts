import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileAgent } from '../../../../src/agents/compile/compile-agent.ts';

/** Gives its model every syscall of the SDK, with all arguments, where the built-in agent has ten tools of one or two texts each. It trusts its model blindly. */
const SOURCE = `
import { agent, fs, llm, mcp, memory, web } from 'nanos/agent';

const TOOLS = {
  fs_read: ({ path }) => fs.readFile(path),
  fs_write: ({ path, content, repeat = 1 }) => fs.writeFile(path, content.repeat(repeat)),
  fs_stat: ({ path }) => fs.stat(path),
  fs_mkdir: ({ path }) => fs.mkdir(path),
  fs_remove: ({ path }) => fs.remove(path),
  fs_rename: ({ from, to }) => fs.rename(from, to),
  web_fetch: async ({ url, ...options }) => {
    const response = await web.fetch(url, options);
    return JSON.stringify({ headers: [...response.headers], text: await response.text() });
  },
  mcp_call: ({ server, tool }) => mcp.call(server, tool),
  mcp_read_resource: ({ server, uri }) => mcp.readResource(server, uri),
  memory_store: ({ text }) => memory.store('order', text),
  llm_infer: ({ prompt }) => llm.infer(prompt),
};
const tools = Object.keys(TOOLS).map((name) => ({ name, description: name, parameters: { type: 'object' } }));

async function runTool({ name, arguments: args }) {
  try {
    const result = await TOOLS[name](args);
    return typeof result === 'string' ? result : JSON.stringify(result ?? null);
  } catch (error) {
    return 'error ' + error.code + ': ' + error.message;
  }
}

export async function run() {
  const messages = [{ role: 'user', content: await agent.getGoal() }];
  for (;;) {
    const { content, toolCalls = [] } = await llm.chat(messages, { tools });
    if (toolCalls.length === 0 || toolCalls.some(({ name }) => name === 'done')) return agent.done(content);
    messages.push({ role: 'assistant', content, toolCalls });
    for (const call of toolCalls) {
      const result = await runTool(call);
      console.log(call.name + ' ' + result.slice(0, 100));
      messages.push({ role: 'tool', content: result, toolCallId: call.id });
    }
  }
}
`;

let compiled: Promise<Uint8Array> | undefined;

/** Compiled once a process. */
export function wideAgent(): Promise<Uint8Array> {
  compiled ??= compile();
  return compiled;
}

async function compile(): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'nanos-wide-'));
  try {
    const entry = join(folder, 'agent.js');
    await writeFile(entry, SOURCE);
    return (await compileAgent(entry)).wasm;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
