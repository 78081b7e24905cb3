/** For tests: compiles an agent from its source and runs it under a host that answers its syscalls from a function. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { packPayload, unpackPayload } from '../../protocol/agent/payload.ts';
import { PENDING, REPLY_STATUS, SYSCALLS, type SyscallName } from '../../protocol/agent/syscalls.ts';
import { GuestInstance, type Outcome } from '../../sandbox/wasm/guest-instance.ts';
import type { MeteredModule } from '../../sandbox/wasm/metered-module.ts';
import { ModuleCache } from '../../sandbox/wasm/module-cache.ts';
import { compileAgent, type CompiledAgent } from './compile-agent.ts';
import { mapAgentStack } from './map-agent-stack.ts';

let folder: string | undefined;
let folders = 0;
test.after(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

/** A new folder with these files; removed after the tests. */
export async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  folder ??= await realpath(await mkdtemp(join(tmpdir(), 'nanos-agent-')));
  const own = join(folder, `agent-${++folders}`);
  await mkdir(own);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(own, name)), { recursive: true });
    await writeFile(join(own, name), content);
  }
  return own;
}

/** Compiles the first of the files. */
export async function compileFiles(files: Readonly<Record<string, string>>): Promise<CompiledAgent> {
  return compileAgent(join(await folderOf(files), Object.keys(files)[0] ?? ''));
}

export interface SyscallMade {
  readonly name: SyscallName;
  readonly id: number;
  readonly head: unknown;
  readonly text: string;
  readonly body: Uint8Array | undefined;
}

/** Inline; by a resume; as an error; in chunks and then by a resume; or not yet. */
export type Answer =
  | { readonly inline: string | Uint8Array }
  | { readonly reply: string | Uint8Array; readonly chunks?: readonly string[] }
  | { readonly error: Readonly<Record<string, unknown>> | string }
  | 'never';

export interface TestRun {
  readonly calls: SyscallMade[];
  /** `level: text`, stacks mapped to the sources */
  readonly logs: string[];
  /** of the last activation */
  readonly outcome: Outcome;
  readonly fuelUsed: bigint;
  readonly memoryPages: number;
}

export interface TestOptions {
  readonly memoryPagesMax?: number;
  readonly seed?: number;
  readonly clockNs?: () => bigint;
}

const FUEL_MAX = 20_000_000_000n;

const rules = { imports: (module: string, name: string) => module === 'nanos' && ['syscall', 'clock', 'random'].includes(name) };

async function meter(wasm: Uint8Array): Promise<MeteredModule> {
  return new ModuleCache(join(await folderOf({}), '..', 'modules')).load(wasm, rules);
}

/** Runs an agent until nothing is pending that the host answers, or until it stops. */
export async function runAgent({ wasm }: CompiledAgent, answer: (call: SyscallMade) => Answer = () => 'never', options: TestOptions = {}): Promise<TestRun> {
  const host = new TestHost(wasm, await meter(wasm), answer, options);
  return host.run();
}

class TestHost {
  readonly #calls: SyscallMade[] = [];
  readonly #logs: string[] = [];
  readonly #due: { id: number; status: number; payload: Uint8Array }[] = [];
  readonly #wasm: Uint8Array;
  readonly #guest: GuestInstance;
  readonly #answer: (call: SyscallMade) => Answer;
  #random: number;

  constructor(wasm: Uint8Array, module: MeteredModule, answer: (call: SyscallMade) => Answer, { memoryPagesMax = 1024, seed = 1, clockNs = () => 1_800_000_000_000_000_000n }: TestOptions) {
    this.#wasm = wasm;
    this.#answer = answer;
    this.#random = seed;
    const nanos = {
      syscall: (op: number, id: number, pointer: number, length: number) => this.#syscall(op, id, pointer >>> 0, length >>> 0),
      clock: clockNs,
      random: (pointer: number, length: number) => this.#fillRandom(pointer >>> 0, length >>> 0),
    };
    this.#guest = GuestInstance.create(module, { nanos }, { memoryPagesMax });
  }

  run(): TestRun {
    let fuelUsed = 0n;
    let outcome = this.#guest.enter(FUEL_MAX, 'nanos_start');
    fuelUsed += this.#guest.fuelUsed;
    while (outcome.kind === 'returned' && outcome.value === 0) {
      const due = this.#due.shift();
      if (due === undefined) break;
      const allocated = this.#guest.enter(FUEL_MAX, 'nanos_alloc', due.payload.length);
      if (allocated.kind !== 'returned') return this.#result(allocated, fuelUsed);
      const pointer = Number(allocated.value) >>> 0;
      this.#guest.memory.set(due.payload, pointer);
      outcome = this.#guest.enter(FUEL_MAX, 'nanos_resume', due.id, due.status, pointer, due.payload.length);
      fuelUsed += this.#guest.fuelUsed;
    }
    return this.#result(outcome, fuelUsed);
  }

  #result(outcome: Outcome, fuelUsed: bigint): TestRun {
    return { calls: this.#calls, logs: this.#logs, outcome, fuelUsed, memoryPages: this.#guest.memoryPages };
  }

  #syscall(op: number, id: number, pointer: number, length: number): bigint {
    const bytes = this.#guest.memory.slice(pointer, pointer + length);
    const name = (Object.keys(SYSCALLS) as SyscallName[]).find((candidate) => SYSCALLS[candidate].op === op);
    if (name === undefined) throw new Error(`There is no syscall ${op}`);
    const { head, body } = unpackPayload(bytes);
    const call = { name, id, head, body, text: new TextDecoder().decode(body) };
    if (name === 'log') this.#logs.push(`${(head as { level: string }).level}: ${mapAgentStack(this.#wasm, call.text)}`);
    else this.#calls.push(call);
    return id === 0 ? 0n : this.#reply(call, this.#answer(call));
  }

  #reply({ id }: SyscallMade, answer: Answer): bigint {
    if (answer === 'never') return PENDING;
    if ('inline' in answer) return this.#inline(toBytes(answer.inline));
    if ('error' in answer) {
      this.#due.push({ id, status: REPLY_STATUS.error, payload: typeof answer.error === 'string' ? toBytes(answer.error) : packPayload(answer.error) });
      return PENDING;
    }
    for (const chunk of answer.chunks ?? []) this.#due.push({ id, status: REPLY_STATUS.chunk, payload: toBytes(chunk) });
    this.#due.push({ id, status: REPLY_STATUS.result, payload: toBytes(answer.reply) });
    return PENDING;
  }

  #inline(bytes: Uint8Array): bigint {
    if (bytes.length === 0) return 0n;
    const pointer = Number(this.#guest.call('nanos_alloc', bytes.length)) >>> 0;
    this.#guest.memory.set(bytes, pointer);
    return (BigInt(pointer) << 32n) | BigInt(bytes.length);
  }

  /** A 32-bit xorshift: enough to tell seeds apart. */
  #fillRandom(pointer: number, length: number): void {
    const memory = this.#guest.memory;
    for (let at = pointer; at < pointer + length; at++) {
      this.#random ^= this.#random << 13;
      this.#random ^= this.#random >>> 17;
      this.#random ^= this.#random << 5;
      memory[at] = this.#random & 0xff;
    }
  }
}

function toBytes(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? new TextEncoder().encode(content) : content;
}
