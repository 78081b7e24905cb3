/** ArrayBuffers, fixed and resizable, and the views of them. */
import { DOMException } from '../../dom/index.ts';

declare global {
  interface ArrayBuffer {
    readonly maxByteLength: number;
    readonly resizable: boolean;
    readonly detached: boolean;
    resize(newByteLength?: number): void;
    transfer(newByteLength?: number): ArrayBuffer;
  }
  interface ArrayBufferConstructor {
    new (byteLength: number, options?: { maxByteLength?: number }): ArrayBuffer;
  }
}

export function cloneArrayBuffer(buffer: ArrayBuffer): ArrayBuffer {
  if (buffer.detached) throw new DOMException('A detached ArrayBuffer could not be cloned', 'DataCloneError');
  const options = buffer.resizable ? { maxByteLength: buffer.maxByteLength } : undefined;
  const clone = options === undefined ? new ArrayBuffer(buffer.byteLength) : new ArrayBuffer(buffer.byteLength, options);
  new Uint8Array(clone).set(new Uint8Array(buffer));
  return clone;
}

type View = ArrayBufferView<ArrayBuffer>;
type ViewClass = new (buffer: ArrayBuffer, byteOffset: number, length?: number) => View;

const viewClasses: Readonly<Record<string, ViewClass>> = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
};

const typedArrayPrototype: object = Object.getPrototypeOf(Uint8Array.prototype);
const tagGetter = Object.getOwnPropertyDescriptor(typedArrayPrototype, Symbol.toStringTag)?.get;

/** "Uint8Array" and so on by the view's slots; undefined for a DataView */
function typedArrayName(view: View): unknown {
  return tagGetter === undefined ? undefined : Reflect.apply(tagGetter, view, []);
}

export function cloneView(view: View, cloneBuffer: (buffer: ArrayBuffer) => ArrayBuffer): View {
  const name = typedArrayName(view);
  const viewClass = typeof name === 'string' ? viewClasses[name] : DataView;
  if (viewClass === undefined || isOutOfBounds(view)) throw new DOMException(`${String(name)} could not be cloned`, 'DataCloneError');
  const { buffer, byteOffset, byteLength } = view;
  const elementBytes = typeof name === 'string' ? Number(Reflect.get(viewClass, 'BYTES_PER_ELEMENT')) : 1;
  const tracks = isLengthTracking(view, elementBytes);
  const clone = cloneBuffer(buffer);
  return tracks ? new viewClass(clone, byteOffset) : new viewClass(clone, byteOffset, byteLength / elementBytes);
}

/** Also true for a view of a detached buffer. */
function isOutOfBounds(view: View): boolean {
  try {
    if (typedArrayName(view) === undefined) return view.byteLength < 0;
    Reflect.apply(Uint8Array.prototype.values, view, []);
    return false;
  } catch {
    return true;
  }
}

/** Only resizing tells a view that follows its buffer's length from one that happens to end there; the bytes are put back. */
function isLengthTracking(view: View, elementBytes: number): boolean {
  const { buffer, byteLength } = view;
  if (!buffer.resizable) return false;
  const length = buffer.byteLength;
  const size = buffer.maxByteLength - length >= elementBytes ? length + elementBytes : length - elementBytes;
  if (size < view.byteOffset) return false;
  const end = Math.min(size, length);
  const lost = new Uint8Array(buffer, end).slice();
  buffer.resize(size);
  const tracks = !isOutOfBounds(view) && view.byteLength !== byteLength;
  buffer.resize(length);
  new Uint8Array(buffer, end).set(lost);
  return tracks;
}
