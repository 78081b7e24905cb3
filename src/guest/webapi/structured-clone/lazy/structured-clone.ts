import { isArrayBuffer, toDictionary, toSequence } from '../../webidl.ts';
import { Cloner, dataCloneError } from './clone.ts';
import { cloneArrayBuffer } from './clone-buffer.ts';

/** https://html.spec.whatwg.org/#dom-structuredclone. Throws a DataCloneError for what can't be cloned or transferred; nothing is detached then. */
export function structuredClone(value: unknown, options: unknown): unknown {
  const { transfer } = toDictionary(options, 'StructuredSerializeOptions');
  const buffers = transfer === undefined ? [] : toSequence(transfer, toTransferable);
  const memory = new Map<object, object>();
  for (const buffer of buffers) {
    if (memory.has(buffer)) throw dataCloneError('An ArrayBuffer that is transferred twice');
    memory.set(buffer, cloneArrayBuffer(buffer));
  }
  const clone = new Cloner(memory).clone(value);
  if (buffers.some((buffer) => buffer.detached)) throw dataCloneError('A detached ArrayBuffer');
  for (const buffer of buffers) moveBytes(buffer, memory.get(buffer) as ArrayBuffer);
  return clone;
}

function toTransferable(value: unknown): ArrayBuffer {
  if (!isArrayBuffer(value)) throw dataCloneError('A value that is not transferable');
  return value;
}

/** The copy was made before the walk, in which a getter may have written to the buffer. */
function moveBytes(buffer: ArrayBuffer, copy: ArrayBuffer): void {
  if (copy.resizable) copy.resize(buffer.byteLength);
  new Uint8Array(copy).set(new Uint8Array(buffer));
  buffer.transfer(0);
}
