import type { JournalEntry } from '../protocol/agent/recording.ts';

/** Puts something else in place of known secrets (`SecretMask` of util). */
export interface Mask {
  text(text: string): string;
  bytes(bytes: Uint8Array): Uint8Array;
}

/**
 * The entry with everything in it masked that a person, a guest or the outside wrote. Numbers, hashes and ids stay: a short secret that happens
 * to be found in one would spoil the recording. Snapshots stay too: no secret gets into a guest, and a changed snapshot is none.
 */
export function maskEntry(entry: JournalEntry, mask: Mask): JournalEntry {
  switch (entry.kind) {
    case 'run': {
      const { name, manifest, goal, fork } = entry.head;
      const masked = { name: mask.text(name), manifest: maskValue(manifest, mask), goal: mask.text(goal) };
      return { ...entry, head: { ...entry.head, ...masked, ...(fork === undefined ? {} : { fork: maskFork(fork, mask) }) } };
    }
    case 'call':
      return { ...entry, body: mask.bytes(entry.body) };
    case 'reply': {
      const { denied } = entry.head;
      return { ...entry, head: denied === undefined ? entry.head : { ...entry.head, denied: mask.text(denied) }, body: mask.bytes(entry.body) };
    }
    case 'decision': {
      const { reason } = entry.head;
      const head = reason === undefined ? entry.head : { ...entry.head, reason: mask.text(reason) };
      return entry.body === undefined ? { ...entry, head } : { ...entry, head, body: mask.bytes(entry.body) };
    }
    case 'ask':
    case 'act':
    case 'rest':
      return entry;
    case 'end':
      return { ...entry, head: { ...entry.head, message: mask.text(entry.head.message) } };
  }
}

type Fork = NonNullable<Extract<JournalEntry, { kind: 'run' }>['head']['fork']>;

function maskFork(fork: Fork, mask: Mask): Fork {
  const { edit, goal } = fork;
  return { ...fork, ...(edit === undefined ? {} : { edit: maskValue(edit, mask) }), ...(goal === undefined ? {} : { goal: mask.text(goal) }) };
}

function maskValue(value: unknown, mask: Mask): unknown {
  if (typeof value === 'string') return mask.text(value);
  if (Array.isArray(value)) return value.map((item) => maskValue(item, mask));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [mask.text(key), maskValue(member, mask)]));
}
