/** Entry file of the thread of one guest whose calls block. It ends with the run, by being terminated. */
import { parentPort, workerData } from 'node:worker_threads';
import { GuestInstance, type Outcome } from '../../sandbox/wasm/guest-instance.ts';
import { envImports } from './env-imports.ts';
import { GuestMemory } from './guest-memory.ts';
import type { GuestThreadData } from './guest-thread-messages.ts';
import { HostLine } from './host-line.ts';
import { WasiHost } from './wasi/wasi-host.ts';

if (parentPort === null) throw new Error('This file is the entry of a thread');
const { module, entry, memoryPagesMax, bell } = workerData as GuestThreadData;
const line = new HostLine(parentPort, bell);

/**
 * The host works for a guest inside the imports of these ABIs, without a syscall that would be counted: a loop of 16 MB reads of an open file costs the guest next to nothing.
 * So every access to its memory is charged: for the way to the host and back, and as the guest's own bulk instructions are (docs/agent-sandbox.md).
 */
const FUEL_PER_ACCESS = 100n;
const BYTES_PER_FUEL = 8n;

try {
  live();
} catch (error) {
  line.failed(error);
}

function live(): void {
  const memory = new GuestMemory(() => guest.memory, (bytes) => guest.charge(FUEL_PER_ACCESS + BigInt(bytes) / BYTES_PER_FUEL));
  const wasi = new WasiHost(line, memory);
  const guest = GuestInstance.create(module, { env: envImports(line, memory), wasi_snapshot_preview1: wasi.imports }, { memoryPagesMax });
  line.start(guest);
  const outcome = run(guest);
  if (outcome.kind === 'returned') wasi.finish();
  else wasi.flushOutput();
  line.over(outcome);
}

/** A module that is linked as a library has its constructors called first. */
function run(guest: GuestInstance): Outcome {
  const initialized = entry !== '_start' && guest.has('_initialize') ? line.enter(guest, '_initialize') : undefined;
  return initialized?.kind === 'stopped' ? initialized : line.enter(guest, entry);
}
