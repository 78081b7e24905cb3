/** What stands in the engine before any agent's code: the globals, and the dispatcher. Evaluated once, when an agent is compiled; src/agents/compile. */
import { AbortController, AbortSignal } from './abort-signal.ts';
import { call, tell } from './calls.ts';
import { console } from './console.ts';
import { createDispatcher } from './dispatch.ts';
import { installErrorStack } from './error-stack.ts';
import { reportFailure } from './failure.ts';
import { performance, startPerformance } from './performance.ts';
import { process } from './process.ts';
import { crypto, random } from './random.ts';
import { PermissionDenied, SyscallError } from './syscall-error.ts';
import { clearTimer, queueMicrotask, setInterval, setTimeout } from './timers.ts';
import { decodeText, encodeText } from './utf8.ts';

const globals = {
  AbortController,
  AbortSignal,
  clearInterval: clearTimer,
  clearTimeout: clearTimer,
  console,
  crypto,
  performance,
  process,
  queueMicrotask,
  setInterval,
  setTimeout,
};

for (const [name, value] of Object.entries(globals)) define(globalThis, name, value);
define(Math, 'random', random);
installErrorStack();
const runtime = { AbortController, call, tell, decodeText, encodeText, PermissionDenied, SyscallError };
define(globalThis, '__nanos', runtime);
define(globalThis, '__nanosDispatch', createDispatcher(start));

export type Runtime = typeof runtime;

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
}

/** The agent's bundle, an async function that the compiler has put there. */
function start(): void {
  const main = Reflect.get(globalThis, '__nanosMain') as () => Promise<void>;
  Reflect.deleteProperty(globalThis, '__nanosMain');
  startPerformance();
  main().catch((error: unknown) => reportFailure(error));
}
