import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { NanosError } from '../../protocol/errors.ts';

/** Made by tools/build-engine.mjs: in a clone in build/, in the published package beside its code. */
const place = import.meta.url.endsWith('.ts') ? '../../../build/agent-engine.wasm' : '../../agent-engine.wasm';

/** The engine that agents in JavaScript run on. Throws internal where it was not built. */
export async function readEngine(): Promise<Uint8Array<ArrayBuffer>> {
  const file = fileURLToPath(new URL(place, import.meta.url));
  try {
    return new Uint8Array(await readFile(file));
  } catch (cause) {
    throw new NanosError('internal', `The agents' engine ${file} can't be read. Run node tools/setup.mjs in a clone of nanos, or install nanos again`, { cause });
  }
}
