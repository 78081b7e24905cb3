import { isArrayBuffer, isObject, toDictionary, toSequence } from '../../webidl.ts';
import { beginTransfer, type Transfer } from '../transferables.ts';
import { Cloner, dataCloneError } from './clone.ts';
import { cloneArrayBuffer } from './clone-buffer.ts';

/** https://html.spec.whatwg.org/#dom-structuredclone */
export function structuredClone(value: unknown, options: unknown): unknown {
  const { transfer } = toDictionary(options, 'StructuredSerializeOptions');
  return cloneWithTransfer(value, transfer === undefined ? [] : toSequence(transfer, toObject)).clone;
}

function toObject(value: unknown): object {
  if (!isObject(value)) throw new TypeError('A value to be transferred is not an object');
  return value;
}

export interface Cloned {
  readonly clone: unknown;
  /** what was transferred, in the order of the list */
  readonly transferred: object[];
}

/**
 * https://html.spec.whatwg.org/#structuredserializewithtransfer and #structureddeserializewithtransfer. Throws a DataCloneError for what can't be
 * cloned or transferred; nothing is detached then. `excluded` must not be in the list.
 */
export function cloneWithTransfer(value: unknown, list: readonly object[], excluded?: object): Cloned {
  const memory = new Map<object, object>();
  const transfers: Transfer[] = [];
  for (const item of list) {
    if (item === excluded || memory.has(item)) throw dataCloneError('A value that is transferred twice');
    const transfer = transferOf(item);
    memory.set(item, transfer.clone);
    transfers.push(transfer);
  }
  const clone = new Cloner(memory).clone(value);
  if (list.some((item) => isArrayBuffer(item) && item.detached)) throw dataCloneError('A detached ArrayBuffer');
  for (const transfer of transfers) transfer.commit();
  return { clone, transferred: transfers.map((transfer) => transfer.clone) };
}

function transferOf(item: object): Transfer {
  if (isArrayBuffer(item)) {
    const copy = cloneArrayBuffer(item);
    return { clone: copy, commit: () => moveBytes(item, copy) };
  }
  const begin = beginTransfer(item);
  if (begin === undefined) throw dataCloneError('A value that is not transferable');
  const transfer = begin();
  if (transfer === undefined) throw dataCloneError('A value that was transferred before');
  return transfer;
}

/** The copy was made before the walk, in which a getter may have written to the buffer. */
function moveBytes(buffer: ArrayBuffer, copy: ArrayBuffer): void {
  if (copy.resizable) copy.resize(buffer.byteLength);
  new Uint8Array(copy).set(new Uint8Array(buffer));
  buffer.transfer(0);
}
