import { GuestInstance } from '../../sandbox/wasm/guest-instance.ts';
import type { MeteredModule } from '../../sandbox/wasm/metered-module.ts';
import { MemoryImage } from '../../sandbox/wasm/snapshot/memory-image.ts';

const images = new WeakMap<MeteredModule, MemoryImage>();

/** The memory that every instance of an agent's module starts with. */
export function memoryImage(module: MeteredModule): MemoryImage {
  let image = images.get(module);
  if (image === undefined) {
    const { memoryPages, memory } = GuestInstance.create(module, { nanos: { syscall: () => 0n, clock: () => 0n, random: () => undefined } }, { memoryPagesMax: 65_536 });
    image = new MemoryImage(memoryPages, memory);
    images.set(module, image);
  }
  return image;
}
