/** The same program on workerd, beside the same victim under the same load. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchScope } from '../../bench-scope.ts';
import { listeningPorts } from '../../servers/listening-ports.ts';
import { COMPATIBILITY_DATE } from '../../servers/workerd-config.ts';
import { assemble, VICTIM, VICTIM_SOURCE } from '../deploy-programs.ts';
import type { Program } from '../read-programs.ts';
import { VictimWatch } from '../victim/victim-watch.ts';
import { provoke } from './outcome.ts';

const WAIT_MS_MAX = 3_000;
const START_MS_MAX = 8_000;
const AFTERWARDS_MS = 1_000;
/** It is ended there: what grows past this would take the machine. */
const MEMORY_MB_MAX = 1_200;
const SAMPLE_MS = 50;

export interface PeerScore {
  readonly isContained: boolean;
  /** empty when it is */
  readonly why: string;
}

let lastFolder = 0;

/** Contained: the process lives, its memory stays within bounds, every request of the victim is answered, and the program itself is told apart from one that ended by itself. */
export async function scoreOnWorkerd(scope: BenchScope, workerd: string, program: Program, originUrl: string): Promise<PeerScore> {
  const folder = join(scope.folder, `workerd-${++lastFolder}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'config.capnp'), await configuration(folder, program));
  const started = scope.start(workerd, ['serve', '--experimental', '--control-fd=3', join(folder, 'config.capnp')], ['ignore', 'ignore', 'pipe', 'pipe']);
  const memory = watchMemory(started.pid);
  try {
    const ports = await within(START_MS_MAX, listeningPorts(started, started.child.stdio[3] as NodeJS.ReadableStream, [VICTIM, 'hostile']));
    if (ports === undefined) return { isContained: false, why: 'nobody is served: it does not start' };
    const watch = new VictimWatch(scope, { port: ports.get(VICTIM) ?? 0, host: 'victim.localhost' });
    await sleep(AFTERWARDS_MS);
    await watch.read();
    const path = `/?origin=${encodeURIComponent(originUrl)}&control=`;
    const target = { port: ports.get('hostile') ?? 0, host: 'hostile.localhost', path, waitMsMax: WAIT_MS_MAX, bodyBytes: program.bodyBytes };
    let last = '';
    for (let round = 0; round < program.repeats && last !== 'silent' && memory.peakMb() < MEMORY_MB_MAX; round++) last = (await provoke(target, program.client)).kind;
    await sleep(AFTERWARDS_MS);
    const victim = await watch.read();
    const answer = await provoke({ port: ports.get(VICTIM) ?? 0, host: 'victim.localhost', path: '/after', waitMsMax: WAIT_MS_MAX }, 'reads');
    await watch.stop();
    return judge({ last, isAlive: started.child.exitCode === null && started.child.signalCode === null, victimAnswers: answer.kind === '200', failures: victim.failures.length, peakMb: memory.peakMb() });
  } catch {
    return { isContained: false, why: 'nobody is served: it does not start' };
  } finally {
    memory.end();
    started.child.kill('SIGKILL');
  }
}

interface Seen {
  readonly last: string;
  readonly isAlive: boolean;
  readonly victimAnswers: boolean;
  readonly failures: number;
  readonly peakMb: number;
}

function judge({ last, isAlive, victimAnswers, failures, peakMb }: Seen): PeerScore {
  if (peakMb >= MEMORY_MB_MAX) return { isContained: false, why: `more than ${MEMORY_MB_MAX} MB: ended` };
  if (!isAlive) return { isContained: false, why: 'the process died' };
  if (!victimAnswers) return { isContained: false, why: 'the victim waits' };
  if (failures > 0) return { isContained: false, why: `${failures} requests of the victim failed` };
  return last === 'escaped' ? { isContained: false, why: 'escaped' } : { isContained: true, why: '' };
}

async function configuration(folder: string, program: Program): Promise<string> {
  writeFileSync(join(folder, 'victim.js'), VICTIM_SOURCE);
  writeFileSync(join(folder, 'hostile.js'), program.source);
  const modules = ['(name = "index.js", esModule = embed "hostile.js")'];
  if (program.module !== undefined) {
    writeFileSync(join(folder, program.module.file), await assemble(program.module.text));
    modules.push(`(name = ${JSON.stringify(program.module.file)}, wasm = embed ${JSON.stringify(program.module.file)})`);
  }
  const date = `compatibilityDate = ${JSON.stringify(COMPATIBILITY_DATE)}`;
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "victim", worker = (modules = [(name = "index.js", esModule = embed "victim.js")], ${date})),
    (name = "hostile", worker = (modules = [${modules.join(', ')}], ${date})),
  ],
  sockets = [
    (name = "victim", address = "127.0.0.1:0", http = (), service = "victim"),
    (name = "hostile", address = "127.0.0.1:0", http = (), service = "hostile"),
  ]
);
`;
}

/** Ends the process when it grows too large. */
function watchMemory(pid: number): { peakMb(): number; end(): void } {
  let peakMb = 0;
  const timer = setInterval(() => {
    peakMb = Math.max(peakMb, residentMb(pid));
    if (peakMb >= MEMORY_MB_MAX && residentMb(pid) > 0) process.kill(pid, 'SIGKILL');
  }, SAMPLE_MS);
  return { peakMb: () => peakMb, end: () => clearInterval(timer) };
}

function residentMb(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(?<kilobytes>\d+) kB$/mu.exec(status)?.groups?.['kilobytes'] ?? 0) / 1024;
  } catch {
    // it has ended
    return 0;
  }
}

/** undefined: not in time */
async function within<T>(waitMs: number, promise: Promise<T>): Promise<T | undefined> {
  const late = new AbortController();
  try {
    return await Promise.race([promise, sleep(waitMs, undefined, { signal: late.signal })]);
  } finally {
    late.abort();
  }
}
