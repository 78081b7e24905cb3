import { z } from 'zod';
import { RECORDING_FORMAT, type JournalEntry, type RunEnd } from '../protocol/agent/recording.ts';
import { SYSCALLS, type SyscallName } from '../protocol/agent/syscalls.ts';
import { RUN_ID_PATTERN } from './run-id.ts';

const count = z.int().nonnegative();
const decimal = z.string().regex(/^(?:0|[1-9][0-9]{0,19})$/u);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/u);
const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
const absent = z.exactOptional(z.undefined());
const syscallName = z.enum([...(Object.keys(SYSCALLS) as SyscallName[]), 'unknown']);

const RUN_ENDS = [
  'done',
  'agent_threw',
  'agent_exited',
  'fuel_limit',
  'memory_limit',
  'depth_limit',
  'agent_trapped',
  'agent_abi',
  'step_limit',
  'wall_limit',
  'token_limit',
  'cancelled',
  'uncertain',
  'waiting',
  'host_failed',
] as const satisfies readonly RunEnd[];

const run = z.strictObject({
  format: z.literal(RECORDING_FORMAT),
  id: z.string().regex(RUN_ID_PATTERN),
  name: z.string(),
  manifest: z.json(),
  goal: z.string(),
  module: sha256,
  source: sha256,
  meter: count,
  engine: z.string(),
  seed: sha256,
  clock: decimal,
  fork: z.exactOptional(
    z.strictObject({
      run: z.string().regex(RUN_ID_PATTERN),
      step: count,
      edit: z.exactOptional(z.json()),
      goal: z.exactOptional(z.string()),
      base: z.exactOptional(count),
    }),
  ),
});

const call = z.strictObject({ call: count, id: z.int(), name: syscallName, op: z.int() });

const ask = z.strictObject({ call: count, tool: z.string() });

const decision = z.strictObject({
  call: count,
  decision: z.enum(['approve', 'deny', 'edit']),
  by: z.enum(['terminal', 'command', 'control_api']),
  scope: z.exactOptional(z.string()),
  reason: z.exactOptional(z.string()),
});

const act = z.strictObject({ call: count });

const reply = z.strictObject({
  seq: count,
  call: count,
  status: z.literal([0, 1, 2]),
  inline: z.boolean(),
  step: z.exactOptional(count),
  clock: decimal,
  activation: count,
  denied: z.exactOptional(z.string()),
});

const rest = z.strictObject({
  activation: count,
  clock: decimal,
  fuel: decimal,
  memoryPages: count,
  state: z.exactOptional(sha256),
  randomBytes: count,
  steps: count,
  tokens: count,
  calls: count,
  replies: count,
  bytes: count,
  pending: z.array(count),
  waiting: z.exactOptional(z.array(count)),
  snapshot: z.exactOptional(z.union([z.strictObject({ kind: z.literal('key') }), z.strictObject({ kind: z.literal('delta'), base: count }), z.strictObject({ refused: z.string() })])),
});

const end = z.strictObject({ end: z.enum(RUN_ENDS), message: z.string(), fuel: decimal, steps: count, tokens: count });

const outside = z.strictObject({ latencyUs: z.exactOptional(z.number().nonnegative()), tokens: z.exactOptional(count) });

const decidedOutside = z.strictObject({ decidedMs: count });

/** An entry as it must be, whoever wrote it. */
export const journalEntrySchema: z.ZodType<JournalEntry> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('run'), head: run, body: absent }),
  z.strictObject({ kind: z.literal('call'), head: call, body: bytes }),
  z.strictObject({ kind: z.literal('ask'), head: ask, body: absent }),
  z.strictObject({ kind: z.literal('decision'), head: decision, body: z.exactOptional(bytes), outside: z.exactOptional(decidedOutside) }),
  z.strictObject({ kind: z.literal('act'), head: act, body: absent }),
  z.strictObject({ kind: z.literal('reply'), head: reply, body: bytes, outside: z.exactOptional(outside) }),
  z.strictObject({ kind: z.literal('rest'), head: rest, body: z.exactOptional(bytes) }),
  z.strictObject({ kind: z.literal('end'), head: end, body: absent }),
]);
