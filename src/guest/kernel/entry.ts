/**
 * The one way in. `__nanos` is defined before tenant code and can't be replaced; what a tenant could do by calling it is what its own
 * top level may do anyway (register its exports), and 'attach' works once and only for whoever is first: the host, except when a tenant
 * locks itself out while its snapshot is made, which the test restore notices.
 */
import { GO_ON, HandedOver, SHARED_SLOTS, SharedSlot, ToGuest, Unpacker } from '../../protocol/boundary.ts';
import { defineGlobals, handledEvents, registerModule, setEnvironment } from './app.ts';
import { callHost, receiveReply, receiveReplyError } from './calls.ts';
import { enterAt } from './clock.ts';
import { currentRequest, enterRequest, shareHandedOver, shareProgress } from './current-request.ts';
import { describeError } from './describe-error.ts';
import { callDueCleanups } from './finalization.ts';
import { bindHostCalls } from './host-calls.ts';
import { givePartTexts, givePartTextsForSnapshot } from './lazy-parts.ts';
import { log } from './log.ts';
import { attachOutbox, type Post } from './outbox.ts';
import { defineProperty, Int32ArrayConstructor, reflectApply, Uint8ArrayConstructor } from './primordials.ts';
import { randomFill, seedRandom } from './random.ts';
import { abortRequest, receiveRequest, receiveScheduled } from './requests.ts';
import { cancelOutbound, grantCredit, offerOutbound, openInbound, receiveChunk, receiveEnd, receiveStreamError } from './streams.ts';
import { runDueTimers } from './timers.ts';
import { inTurn, resumeTurns } from './turns.ts';
import { compileWasm, installWasm } from './wasm.ts';
import { setMemoryPagesMax, shareMemoryUse } from './wasm-memory-budget.ts';
import { reportRejection } from '../webapi/global-events/index.ts';
import { DOMException } from '../webapi/dom/dom-exception.ts';

type B = ArrayBuffer | undefined;

let attached = false;
const wasmModules: object[] = [];
let shared: Int32Array | undefined;

/** Everything that one crossing holds. Runs tenant code; nothing that it throws gets out. */
function dispatch(packed: string, timeMs: number, b0: B, b1: B, b2: B, b3: B, b4: B, b5: B, b6: B, b7: B): void {
  const buffers = (index: number): ArrayBuffer => {
    const buffer = index < 4 ? (index < 2 ? (index === 0 ? b0 : b1) : index === 2 ? b2 : b3) : index < 6 ? (index === 4 ? b4 : b5) : index === 6 ? b6 : b7;
    if (buffer === undefined) throw new RangeError('No such buffer in this crossing');
    return buffer;
  };
  if (packed === GO_ON) return resumeTurns();
  enterAt(timeMs);
  shared![SharedSlot.started] = 0;
  shareHandedOver(HandedOver.nothing);
  const unpacker = new Unpacker(packed);
  const handOver = (): void => {
    const kind = unpacker.next();
    if (kind === 0) return handedOver();
    receiveOrLog(kind, unpacker, buffers);
    inTurn(handOver);
  };
  callDueCleanups();
  inTurn(handOver);
}

function handedOver(): void {
  shareMemoryUse(shared!);
  shareHandedOver(HandedOver.whole);
}

function receiveOrLog(kind: number, unpacker: Unpacker, buffers: (index: number) => ArrayBuffer): void {
  try {
    receive(kind, unpacker, buffers);
  } catch (error) {
    enterRequest(0);
    const { name, message: text } = describeError(error);
    log('error', `Uncaught ${name}: ${text}`);
  }
}

function receive(kind: number, unpacker: Unpacker, buffers: (index: number) => ArrayBuffer): void {
  switch (kind) {
    case ToGuest.request:
      return receiveRequest(unpacker, buffers);
    case ToGuest.reply:
      return readReply(unpacker, buffers);
    case ToGuest.replyError:
      return receiveReplyError(unpacker.number(), unpacker.field(), unpacker.field());
    case ToGuest.chunk:
      return receiveChunk(unpacker.number(), buffers(unpacker.number()));
    case ToGuest.end:
      return receiveEnd(unpacker.number());
    case ToGuest.streamError:
      return receiveStreamError(unpacker.number(), unpacker.field());
    case ToGuest.pull:
      return grantCredit(unpacker.number(), unpacker.number());
    case ToGuest.cancel:
      return cancelOutbound(unpacker.number(), new DOMException('The client disconnected', 'AbortError'));
    case ToGuest.abort:
      return abortRequest(unpacker.number());
    case ToGuest.wake:
      return runDueTimers();
    case ToGuest.scheduled:
      return receiveScheduled(unpacker);
    case ToGuest.rejection:
      return reportRejection(unpacker.field(), unpacker.field(), unpacker.field());
    default:
      throw new RangeError(`Unknown message ${kind}`);
  }
}

function readReply(unpacker: Unpacker, buffers: (index: number) => ArrayBuffer): void {
  const callId = unpacker.number();
  const count = unpacker.number();
  const first = unpacker.number();
  const taken: ArrayBuffer[] = [];
  for (let i = 0; i < count; i++) taken[i] = buffers(first + i);
  const fields: string[] = [];
  while (unpacker.fieldsLeft > 0) fields[fields.length] = unpacker.field();
  receiveReply(callId, { fields, buffers: taken });
}

/**
 * Host only, once. Gives the isolate its way out, its memory shared with the host ({@link SharedSlot}), a random seed of 32 bytes, its
 * environment, its compiled imports, the texts of the API's lazy parts and how many pages of 64 KB a memory of WebAssembly may have. Returns
 * {@link dispatch}.
 */
function attach(
  post: Post,
  memory: ArrayBufferLike,
  seed: ArrayBuffer,
  varsJson: string,
  secretsJson: string,
  bindingsJson: string,
  wasm: readonly ArrayBuffer[],
  partTexts: string,
  memoryPagesMax: number,
): typeof dispatch {
  if (attached) throw new Error('Already attached');
  attached = true;
  givePartTexts(partTexts);
  shared = new Int32ArrayConstructor(memory, 0, SHARED_SLOTS);
  shareProgress(shared);
  seedRandom(new Uint8ArrayConstructor(seed));
  setEnvironment(varsJson, secretsJson, bindingsJson);
  setMemoryPagesMax(memoryPagesMax);
  installWasm(globalThis);
  for (let i = 0; i < wasm.length; i++) defineProperty(wasmModules, i, { value: compileWasm(wasm[i]!), enumerable: true });
  attachOutbox((packed, a0, a1, a2, a3, a4, a5, a6, a7) => {
    shareMemoryUse(shared!);
    post(packed, a0, a1, a2, a3, a4, a5, a6, a7);
  });
  return dispatch;
}

function nanos(operation: string, ...args: unknown[]): unknown {
  switch (operation) {
    case 'app':
      return registerModule(args[0]);
    case 'globals':
      return defineGlobals(`${args[0] as string}`);
    case 'module':
      return wasmModules[args[0] as number];
    case 'parts':
      // one that is attached has them, and another text would be code from a string
      return attached ? undefined : givePartTextsForSnapshot(args[0] as string);
    case 'handlers':
      return handledEvents();
    case 'attach':
      // what a tenant made of the built-ins may throw here, and nothing that is thrown may reach the host
      try {
        return reflectApply(attach, undefined, args);
      } catch {
        return undefined;
      }
    default:
      throw new RangeError('Unknown operation');
  }
}

export function installEntry(global: Record<string, unknown>): void {
  Object.defineProperty(global, '__nanos', { value: nanos, writable: false, configurable: false, enumerable: false });
  bindHostCalls({ call: callHost, inbound: openInbound, outbound: offerOutbound, log, currentRequest, randomFill });
}

