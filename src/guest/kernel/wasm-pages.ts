import { Uint8ArrayConstructor } from './primordials.ts';

const HEADER_BYTES = 8;
const MEMORY_SECTION = 5;

/** Pages that the memories begin with which a valid module defines. https://webassembly.github.io/spec/core/binary/modules.html#memory-section */
export function initialPages(module: ArrayBuffer): number {
  const bytes = new Uint8ArrayConstructor(module);
  let at = HEADER_BYTES;
  // unsigned LEB128
  const number = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError('The module ends too soon');
      value += (byte % 128) * shift;
      if (byte < 128) return value;
    }
  };
  while (at in bytes) {
    const section = number();
    const size = number();
    if (section !== MEMORY_SECTION) {
      at += size;
      continue;
    }
    let pages = 0;
    for (let memories = number(); memories > 0; memories--) {
      const hasMaximum = number() % 2 === 1;
      pages += number();
      if (hasMaximum) number();
    }
    return pages;
  }
  return 0;
}
