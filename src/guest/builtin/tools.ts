/** The tools of the built-in agent: names and parameters are those that the embedded model was trained on (models/MODEL_CARD.md). */
import { fleet, fs, memory, SyscallError, web, type llm } from '../agent/index.ts';
import { calculate } from './calculate.ts';

export interface BuiltinTool {
  readonly name: string;
  readonly description: string;
  /** names of its parameters, all of them text */
  readonly parameters: readonly string[];
  /** the syscall that the manifest grants; absent: it needs no grant */
  readonly grant?: string;
  run(args: Readonly<Record<string, string>>): Promise<string> | string;
}

/** How long a message of another agent is waited for. */
const RECEIVE_MS = 60_000;
/** A memory is stored under how it begins: what begins alike takes the place of the older one. */
const KEY_CHARACTERS_MAX = 400;

/** The end of a run is no tool that runs. */
export const DONE = { name: 'done', description: 'finish the task with a summary', parameters: ['summary'] } as const;

export const TOOLS: readonly BuiltinTool[] = [
  { name: 'fs_read', description: 'read a file', parameters: ['path'], grant: 'fs_read', run: ({ path = '' }) => fs.readFile(path) },
  { name: 'fs_write', description: 'write a file', parameters: ['path', 'content'], grant: 'fs_write', run: ({ path = '', content = '' }) => fs.writeFile(path, content).then(ok) },
  { name: 'fs_list', description: 'list a folder', parameters: ['path'], grant: 'fs_list', run: ({ path = '' }) => listFolder(path) },
  { name: 'web_get', description: 'fetch a url', parameters: ['url'], grant: 'web_fetch', run: ({ url = '' }) => web.get(url) },
  { name: 'agent_send', description: 'send a message to an agent', parameters: ['to', 'message'], grant: 'fleet_send', run: ({ to = '', message = '' }) => fleet.send(to, message).then(ok) },
  { name: 'agent_recv', description: 'receive a message', parameters: [], grant: 'fleet_recv', run: async () => (await fleet.recv({ timeoutMs: RECEIVE_MS })).text },
  { name: 'memory_store', description: 'store a memory', parameters: ['text'], grant: 'memory_store', run: ({ text = '' }) => memory.store(text.slice(0, KEY_CHARACTERS_MAX), text).then(ok) },
  { name: 'memory_recall', description: 'recall a memory', parameters: ['query'], grant: 'memory_recall', run: async ({ query = '' }) => (await memory.recall({ query })) ?? 'nothing found' },
  { name: 'calc', description: 'evaluate an expression', parameters: ['expression'], run: ({ expression = '' }) => evaluate(expression) },
  { name: 'time_now', description: 'current time', parameters: [], run: () => new Date().toISOString().replace(/\.\d+Z$/u, 'Z') },
];

/** As a model is told of it. */
export function toChatTool({ name, description, parameters }: Pick<BuiltinTool, 'name' | 'description' | 'parameters'>): llm.ChatTool {
  const properties = Object.fromEntries(parameters.map((parameter) => [parameter, { type: 'string' }]));
  return { name, description, parameters: { type: 'object', properties, required: parameters, additionalProperties: false } };
}

/** What a model gave for a tool's parameters, as text. Throws a SyscallError where one is missing. */
export function readArguments({ name, parameters }: Pick<BuiltinTool, 'name' | 'parameters'>, given: unknown): Record<string, string> {
  const values: Readonly<Record<string, unknown>> = typeof given === 'object' && given !== null ? { ...given } : {};
  return Object.fromEntries(
    parameters.map((parameter) => {
      const value = Object.hasOwn(values, parameter) ? values[parameter] : undefined;
      if (value === undefined || value === null) throw new SyscallError('invalid_argument', `${name} needs ${parameter}`);
      return [parameter, typeof value === 'string' ? value : JSON.stringify(value)];
    }),
  );
}

function ok(): string {
  return 'ok';
}

async function listFolder(path: string): Promise<string> {
  const entries = await fs.list(path === '' ? '.' : path);
  return entries.length === 0 ? 'the folder is empty' : entries.map(({ name, type }) => (type === 'directory' ? `${name}/` : name)).join('\n');
}

function evaluate(expression: string): string {
  try {
    return String(Number(calculate(expression).toPrecision(15)));
  } catch (error) {
    throw new SyscallError('invalid_argument', error instanceof Error ? error.message : String(error));
  }
}
