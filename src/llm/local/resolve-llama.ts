import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { NanosError } from '../../protocol/errors.ts';
import type { LlamaModule } from './llama-api.ts';

/** Where `nanos models install` puts the engine: the same way up from src/llm/local and from dist/llm/local. */
export const ENGINE_FOLDER = fileURLToPath(new URL('../../../tools/llama', import.meta.url));

export interface ResolvedLlama {
  /** of the package node-llama-cpp */
  readonly folder: string;
  /** a build for a graphics card is installed beside it */
  readonly hasGpuBuild: boolean;
}

/** The engine's package: in its own folder, or in a node_modules above. Throws `model_engine_missing`. */
export function resolveLlama(folder: string = ENGINE_FOLDER): ResolvedLlama {
  for (let at = folder; ; at = dirname(at)) {
    const found = join(at, 'node_modules', 'node-llama-cpp');
    if (existsSync(join(found, 'package.json'))) return { folder: found, hasGpuBuild: hasGpuBuild(join(at, 'node_modules', '@node-llama-cpp')) };
    if (dirname(at) === at) break;
  }
  throw new NanosError('model_engine_missing', 'The engine of local models is not installed. Install it (about 100 MB): nanos models install');
}

/** Throws `model_engine_missing` when it does not run on this machine. */
export async function importLlama({ folder }: ResolvedLlama): Promise<LlamaModule> {
  try {
    const module: LlamaModule = await import(pathToFileURL(join(folder, 'dist', 'index.js')).href);
    return module;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NanosError('model_engine_missing', `The engine of local models can not be loaded: ${reason}. Install it again: nanos models install`, { cause });
  }
}

function hasGpuBuild(builds: string): boolean {
  if (!existsSync(builds)) return false;
  return readdirSync(builds).some((name) => /-(?:cuda|vulkan|metal)$/.test(name) && existsSync(join(builds, name, 'bins')));
}
