/**
 * Guests of secure-exec in a process of its own. Arguments: its module, what to do, how often.
 * `starts`: in turn, each from nothing to its first line; prints their times in ms as JSON. `waiting`: that many at once that wait, prints a line when all do.
 */
import { pathToFileURL } from 'node:url';

interface Runtime {
  exec(code: string): Promise<unknown>;
  dispose(): void;
}

interface SecureExecModule {
  readonly NodeRuntime: new (options: { systemDriver: unknown; runtimeDriverFactory: unknown; onStdio: () => void }) => Runtime;
  createNodeDriver(): unknown;
  createNodeRuntimeDriverFactory(): unknown;
}

// The process of the isolates ends only when this one exits by itself.
process.once('SIGTERM', () => process.exit(0));

const [entry = '', what = '', count = '1'] = process.argv.slice(2);
const { NodeRuntime, createNodeDriver, createNodeRuntimeDriverFactory } = (await import(pathToFileURL(entry).href)) as SecureExecModule;

/** Resolves with the time to its first line; `over` then waits for its end. */
function start(code: string): Promise<{ readonly ms: number; over(): Promise<void> }> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const runtime = new NodeRuntime({
      systemDriver: createNodeDriver(),
      runtimeDriverFactory: createNodeRuntimeDriverFactory(),
      onStdio: () => {
        const ms = performance.now() - startedMs;
        resolve({ ms, over: () => ended.then(() => runtime.dispose()) });
      },
    });
    const ended = runtime.exec(code);
    ended.catch(reject);
  });
}

async function starts(): Promise<string> {
  const times: number[] = [];
  for (let index = 0; index < Number(count); index++) {
    const guest = await start('console.log("here")');
    times.push(guest.ms);
    await guest.over();
  }
  return JSON.stringify(times);
}

async function waiting(): Promise<string> {
  await Promise.all(Array.from({ length: Number(count) }, () => start('console.log("here"); setTimeout(() => {}, 1e8)')));
  return 'waiting';
}

process.stdout.write(`${what === 'starts' ? await starts() : await waiting()}\n`);
// What waits would keep the process; whoever started it says when it is over.
process.stdin.once('end', () => process.exit(0)).resume();
