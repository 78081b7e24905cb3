import { basename } from 'node:path';
import type { ModelInfo } from '../protocol/model.ts';
import { readGguf } from './gguf/read-gguf.ts';

/** What a GGUF file says of itself. Throws as readGguf does. */
export async function modelInfo(path: string, name: string = modelName(path)): Promise<ModelInfo> {
  const { bytes, modifiedMs, metadata, parameters, quantization } = await readGguf(path);
  const architecture = String(metadata.get('general.architecture'));
  const contextTokens = metadata.get(`${architecture}.context_length`);
  return { name, bytes, modifiedMs, architecture, parameters, contextTokens: typeof contextTokens === 'number' ? contextTokens : 0, quantization };
}

/** The name that a file is served by: its own, without `.gguf`. */
export function modelName(path: string): string {
  return basename(path).replace(/\.gguf$/i, '');
}
