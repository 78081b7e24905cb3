/** For tests: restores a whole chain at once. */
import { WASM_PAGE_BYTES, type GuestState } from './guest-state.ts';
import type { MemoryImage } from './memory-image.ts';
import { StateRestorer, type RestorerOptions } from './state-restorer.ts';

interface Options {
  readonly memoryPagesMax: number;
  readonly into?: RestorerOptions['into'];
  readonly verifyAll?: boolean;
}

/** The state that a keyframe and deltas lead to. Throws as StateRestorer. Without `into` memory is allocated. */
export function restoreState(bodies: readonly Uint8Array[], image: MemoryImage, { memoryPagesMax, into = (pages) => imageMemory(image, pages), verifyAll = false }: Options): GuestState {
  const restorer = new StateRestorer(image, { memoryPagesMax, into });
  restorer.apply(bodies);
  restorer.verify({ all: verifyAll });
  return restorer.state();
}

function imageMemory(image: MemoryImage, pages: number): Uint8Array {
  const memory = new Uint8Array(pages * WASM_PAGE_BYTES);
  memory.set(image.bytes);
  return memory;
}
