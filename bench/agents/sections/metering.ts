/** The same work by a module as it was given and by its metered form, in turns. */
import { quantile } from '../../measure/quantile.ts';
import { compileMetered, meterOriginal } from '../../../src/sandbox/wasm/metered-module.ts';
import { GuestInstance } from '../../../src/sandbox/wasm/guest-instance.ts';
import type { WasmImports } from '../../../src/sandbox/wasm/web-assembly.ts';
import type { AgentBenchRun } from '../agent-bench-run.ts';
import { compileSample } from '../guests/sample-agent.ts';
import { COMPUTING_AGENT } from '../guests/typescript-agents.ts';
import { kernelModule } from '../guests/wasm-guests.ts';
import { FUEL_MAX, MEMORY_PAGES_MAX } from '../measure/drive-guest.ts';
import { single, type AgentFigure } from '../report/agent-figure.ts';

const KERNEL_ROUNDS = 1_000;
/** until the engine has compiled all that matters with its best compiler */
const WARM_UP_ROUNDS = 3;

interface Work {
  readonly name: string;
  readonly wasm: Uint8Array<ArrayBuffer>;
  readonly imports: WasmImports;
  readonly entry: string;
  readonly args: readonly number[];
}

export async function metering(run: AgentBenchRun): Promise<AgentFigure[]> {
  const agent = await compileSample(run.scope.folder, 'computing', COMPUTING_AGENT);
  const nanos = { syscall: () => 0n, clock: () => 0n, random: () => undefined };
  const works: Work[] = [
    { name: 'QuickJS: an agent in TypeScript that computes', wasm: new Uint8Array(agent.wasm), imports: { nanos }, entry: 'nanos_start', args: [] },
    { name: 'a kernel of loads, stores and calls', wasm: kernelModule(), imports: {}, entry: 'run', args: [KERNEL_ROUNDS] },
  ];
  const figures: AgentFigure[] = [];
  for (const work of works) figures.push(...(await compare(run, work)));
  return figures;
}

async function compare({ size, say }: AgentBenchRun, { name, wasm, imports, entry, args }: Work): Promise<AgentFigure[]> {
  say(`metering: ${name}`);
  const original = await WebAssembly.compile(wasm);
  const metered = await compileMetered(meterOriginal(wasm, { imports: () => true }), { imports: () => true });
  if (metered === undefined) throw new Error('The metered module can not be read back');
  const plain = (): void => {
    const { [entry]: run } = new WebAssembly.Instance(original, imports).exports;
    if (typeof run === 'function') run(...args);
  };
  const charged = (): void => {
    const outcome = GuestInstance.create(metered, imports, { memoryPagesMax: MEMORY_PAGES_MAX }).enter(FUEL_MAX, entry, ...args);
    if (outcome.kind === 'stopped') throw new Error(`The metered module stopped: ${outcome.message}`);
  };
  const plainMs: number[] = [];
  const chargedMs: number[] = [];
  for (let round = -WARM_UP_ROUNDS; round < size.meteringRounds; round++) {
    const [first, second] = [timeMs(plain), timeMs(charged)];
    if (round < 0) continue;
    plainMs.push(first);
    chargedMs.push(second);
  }
  const ratios = chargedMs.map((ms, round) => ms / (plainMs[round] ?? ms));
  const beside = [{ name: 'as it was given', value: quantile(plainMs, 0.5) }];
  return [
    single({ section: 'metering', name: `${name}: metered`, unit: 'ms', beside }, quantile(chargedMs, 0.5), size.meteringRounds),
    single({ section: 'metering', name: `${name}: metered ÷ as given, median of rounds`, unit: '×' }, quantile(ratios, 0.5), size.meteringRounds),
    single({ section: 'metering', name: `${name}: size ÷ as given`, unit: '×' }, metered.bytes.length / wasm.length, 1),
  ];
}

function timeMs(work: () => void): number {
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
}
