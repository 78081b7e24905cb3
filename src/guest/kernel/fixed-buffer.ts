import {
  ArrayBufferConstructor,
  arrayBufferByteLength,
  arrayBufferResizable,
  dataViewBuffer,
  dataViewByteLength,
  dataViewByteOffset,
  isView,
  typedArrayBuffer,
  typedArrayByteLength,
  typedArrayByteOffset,
  typedArraySet,
  Uint8ArrayConstructor,
} from './primordials.ts';

function spanOf(view: ArrayBufferView): { buffer: ArrayBufferLike; offset: number; length: number } {
  try {
    return { buffer: typedArrayBuffer(view), offset: typedArrayByteOffset(view), length: typedArrayByteLength(view) };
  } catch {
    return { buffer: dataViewBuffer(view), offset: dataViewByteOffset(view), length: dataViewByteLength(view) };
  }
}

/**
 * The bytes [start, end) of a view as an ArrayBuffer that may cross to the host: genuine, of fixed length, not shared.
 * A view over a whole such buffer gives that buffer itself. Throws a TypeError on anything that is no view.
 */
export function fixedBuffer(view: ArrayBufferView, start = 0, end?: number): ArrayBuffer {
  if (!isView(view)) throw new TypeError('Not a buffer source');
  const { buffer, offset, length } = spanOf(view);
  const stop = end === undefined || end > length ? length : end;
  const from = start > stop ? stop : start;
  const whole = from === 0 && offset === 0 && stop === arrayBufferByteLength(buffer);
  if (whole && !arrayBufferResizable(buffer)) return buffer as ArrayBuffer;
  const copy = new ArrayBufferConstructor(stop - from);
  typedArraySet(new Uint8ArrayConstructor(copy), new Uint8ArrayConstructor(buffer, offset + from, stop - from));
  return copy;
}

/** Length in bytes of a genuine view, whatever its prototype says. */
export function viewByteLength(view: ArrayBufferView): number {
  return spanOf(view).length;
}
