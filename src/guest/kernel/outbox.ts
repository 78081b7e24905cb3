/**
 * What the guest sends to the host. Messages are collected and cross together, when the microtasks of an entry have come to rest
 * or a crossing is full. Before the host attached they wait.
 */
import { CROSSING_BUFFERS_MAX, Packer } from '../../protocol/boundary.ts';
import { defineProperty, PromiseConstructor, promiseThen } from './primordials.ts';
import { morePieces } from './turns.ts';

type B = ArrayBuffer | undefined;
export type Post = (packed: string, b0: B, b1: B, b2: B, b3: B, b4: B, b5: B, b6: B, b7: B) => void;

/** A crossing is sent early when its text has grown past this many code units. */
const CROSSING_TEXT_MAX = 1024 * 1024;
/** How many turns of the microtask queue without a new message count as rest: an async handler takes about three. */
const RESTING_TURNS = 4;

const packer = new Packer();
const resolved = PromiseConstructor.resolve();
// Without one, `then` makes a plain promise, whatever the tenant made of Promise and its species
void defineProperty(resolved, 'constructor', { value: undefined });
let post: Post | undefined;
let scheduled = false;
let seenMessages = 0;
let restedTurns = 0;
let bufferCount = 0;
let b0: B;
let b1: B;
let b2: B;
let b3: B;
let b4: B;
let b5: B;
let b6: B;
let b7: B;

export function attachOutbox(hostPost: Post): void {
  post = hostPost;
  flushOutbox();
}

/** Starts a message that carries `buffers` buffers; see {@link Packer.begin}. */
export function message(kind: number, fieldCount: number, buffers = 0): Packer {
  if (bufferCount + buffers > CROSSING_BUFFERS_MAX || packer.dataLength > CROSSING_TEXT_MAX) flushOutbox();
  if (!scheduled) {
    scheduled = true;
    restedTurns = 0;
    promiseThen(resolved, turn);
  }
  return packer.begin(kind, fieldCount);
}

/** Index of `buffer` in the crossing that {@link message} just made room in. */
export function attachBuffer(buffer: ArrayBuffer): number {
  const index = bufferCount++;
  if (index === 0) b0 = buffer;
  else if (index === 1) b1 = buffer;
  else if (index === 2) b2 = buffer;
  else if (index === 3) b3 = buffer;
  else if (index === 4) b4 = buffer;
  else if (index === 5) b5 = buffer;
  else if (index === 6) b6 = buffer;
  else b7 = buffer;
  return index;
}

function turn(): void {
  restedTurns = packer.messages === seenMessages && !morePieces() ? restedTurns + 1 : 0;
  seenMessages = packer.messages;
  if (restedTurns < RESTING_TURNS) promiseThen(resolved, turn);
  else {
    scheduled = false;
    flushOutbox();
  }
}

/** Sends what has been collected. Allocates nothing that a tenant could have redefined. */
export function flushOutbox(): void {
  if (post === undefined || packer.isEmpty) return;
  seenMessages = 0;
  bufferCount = 0;
  try {
    post(packer.take(), b0, b1, b2, b3, b4, b5, b6, b7);
  } finally {
    b0 = b1 = b2 = b3 = b4 = b5 = b6 = b7 = undefined;
  }
}
