import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { freezeModule } from '../../sandbox/wasm/freeze-module.ts';
import { AGENT_FILENAME } from './agent-filename.ts';
import { AGENT_SECTION, SOURCE_MAP_SECTION, type AgentMetadata } from './agent-sections.ts';
import { bundleAgent, type AgentBundle } from './bundle-agent.ts';
import { bundlePrelude } from './bundle-prelude.ts';
import { readEngine } from './engine-file.ts';
import { EngineVm } from './engine-vm.ts';

const ABI_VERSION = 1;
const PRELUDE_FILENAME = 'nanos:prelude';

export interface CompiledAgent {
  readonly wasm: Uint8Array<ArrayBuffer>;
  readonly metadata: AgentMetadata;
  /** JSON; also in the module */
  readonly sourceMap: string;
}

/**
 * Makes one WebAssembly module of an agent in TypeScript or JavaScript: the engine with SDK and agent loaded, frozen. None of the agent's code
 * runs; it begins in nanos_start. The same sources give the same bytes. Throws entry_missing, build_failed, build_limit.
 */
export async function compileAgent(entry: string): Promise<CompiledAgent> {
  const [engine, prelude, bundle, packageName] = await Promise.all([readEngine(), bundlePrelude(), bundleAgent(entry), readPackage(entry)]);
  const state = load(await WebAssembly.compile(engine), prelude, bundle).state();
  const metadata: AgentMetadata = { ...packageName, sdk: await sdkVersion(), abi: ABI_VERSION, exports: bundle.exports };
  const wasm = freezeModule(engine, state, {
    keepExports: (name) => name === 'memory' || name.startsWith('nanos_'),
    customSections: [
      { name: AGENT_SECTION, bytes: new TextEncoder().encode(JSON.stringify(metadata)) },
      { name: SOURCE_MAP_SECTION, bytes: new TextEncoder().encode(bundle.sourceMap) },
    ],
  });
  return { wasm, metadata, sourceMap: bundle.sourceMap };
}

/** Scripts are compiled in an engine of their own: what the compilation leaves in its memory is no part of the agent. */
function load(module: WebAssembly.Module, prelude: string, { script }: AgentBundle): EngineVm {
  const compiler = new EngineVm(module);
  const bytecodes = [compiler.compile(prelude, PRELUDE_FILENAME), compiler.compile(script, AGENT_FILENAME)];
  const vm = new EngineVm(module);
  vm.defineFunctions();
  for (const bytecode of bytecodes) vm.evaluate(bytecode);
  vm.setDispatcher('__nanosDispatch');
  return vm;
}

/** Name and version of the package whose folder holds the entry; else the entry's own name. */
async function readPackage(entry: string): Promise<{ name: string; version: string | undefined }> {
  const own = { name: basename(entry, extname(entry)), version: undefined };
  const text = await readFile(join(dirname(resolve(entry)), 'package.json'), 'utf8').catch(() => '{}');
  const { name = own.name, version } = parseObject(text);
  return { name: String(name), version: typeof version === 'string' ? version : undefined };
}

/** The same way up from src/agents/compile and from dist/agents/compile. */
async function sdkVersion(): Promise<string> {
  const { version } = parseObject(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'));
  return String(version);
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
