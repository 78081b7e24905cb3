/** What an instruction that is not accepted belongs to, by its code (prefix × 256 + number); undefined for one that nobody knows. */
export function refusedOpcode(code: number): string | undefined {
  return FEATURES.find(([first, last]) => code >= first && code <= last)?.[2];
}

const FEATURES: readonly (readonly [first: number, last: number, feature: string])[] = [
  [0x0a, 0x0a, 'exception references (throw_ref)'],
  [0x14, 0x15, 'typed function references (call_ref)'],
  [0x1f, 0x1f, 'exception references (try_table)'],
  [0xd3, 0xd6, 'typed function references'],
  [0xe0, 0xe5, 'stack switching'],
  [0xfb00, 0xfb1f, 'garbage-collected types'],
  [0xfb80, 0xfbb7, 'string references'],
  [0xfc12, 0xfc12, 'memory.discard'],
  [0xfc13, 0xfc16, 'wide arithmetic'],
  [0xfd100, 0xfd12f, 'relaxed vector instructions'],
  [0xfe00, 0xfe7f, 'threads (atomic instructions)'],
];
