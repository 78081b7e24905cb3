/** What a syscall costs: in the agent's own thread, beside what it would cost anywhere else. */
import { join } from 'node:path';
import { quantile } from '../../measure/quantile.ts';
import { below } from '../../report/figure.ts';
import type { SyscallName } from '../../../src/protocol/agent/syscalls.ts';
import type { AgentBenchRun } from '../agent-bench-run.ts';
import { compileSample, loadSample, writeSample, type SampleAgent } from '../guests/sample-agent.ts';
import { askingAgent } from '../guests/typescript-agents.ts';
import { callingGuest } from '../guests/wasm-guests.ts';
import { FUEL_MAX, openSample } from '../measure/drive-guest.ts';
import { httpTripsUs, threadTripsUs } from '../measure/round-trips.ts';
import { gapsUs, recordedCallsUs } from '../measure/sample-run.ts';
import { sampled, type AgentFigure, type Beside } from '../report/agent-figure.ts';

export async function calls(run: AgentBenchRun): Promise<AgentFigure[]> {
  const { scope, size } = run;
  run.say('calls: in thread');
  const calling = writeSample(scope.folder, 'calling', callingGuest('goal', '{}', size.calls));
  const reading = writeSample(scope.folder, 'reading', callingGuest('fs_read', '{"path":"note.txt"}', Math.ceil(size.calls / 10)));
  const asking = await compileSample(scope.folder, 'asking', askingAgent(Math.ceil(size.calls / 5)));
  const beside = await elsewhere(run);
  run.note('Syscalls: from one call of a guest to its next, which is all that it does; a recorded one passes the gate and is written to the journal, whose rows are committed when the guest rests');
  return [
    sampled({ section: 'calls', name: 'inline, empty reply', unit: 'µs', beside }, await plainCalls(calling, new Uint8Array(0)), (median) => [below(median, 2, 'µs')]),
    sampled({ section: 'calls', name: 'inline, reply of 64 bytes', unit: 'µs', beside }, await plainCalls(calling, new Uint8Array(64)), (median) => [below(median, 2, 'µs')]),
    sampled({ section: 'calls', name: 'goal, through the gate and recorded', unit: 'µs', beside }, await recordedCalls(run, calling, 'goal')),
    sampled({ section: 'calls', name: 'the same from TypeScript: await agent.getGoal()', unit: 'µs', beside }, await recordedCalls(run, asking, 'goal')),
    sampled({ section: 'calls', name: 'fs_read of 1 KB, through the gate and recorded', unit: 'µs', beside }, await recordedCalls(run, reading, 'fs_read')),
  ];
}

async function elsewhere({ size }: AgentBenchRun): Promise<Beside[]> {
  return [
    { name: 'postMessage to a worker and back', value: quantile(await threadTripsUs(size.roundTrips), 0.5) },
    { name: 'HTTP on localhost, kept alive', value: quantile(await httpTripsUs(size.roundTrips), 0.5) },
  ];
}

/** Without a gate: what it takes to leave the guest, look at the arguments and go back with the reply. */
async function plainCalls(agent: SampleAgent, reply: Uint8Array): Promise<number[]> {
  const times: number[] = [];
  const guest = openSample(await loadSample(agent), {
    syscall: () => {
      times.push(performance.now());
      return reply;
    },
  });
  await guest.start(FUEL_MAX);
  guest.close();
  return gapsUs(times);
}

function recordedCalls({ scope }: AgentBenchRun, { manifest }: SampleAgent, name: SyscallName): Promise<number[]> {
  return recordedCallsUs(manifest, join(scope.folder, 'calls-data'), name);
}
