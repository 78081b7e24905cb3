import assert from 'node:assert/strict';
import type { Answered, Played } from './injection.ts';

/** Each denial that stands in the journal is an event on the audit log, in the same order, with its rule. Gives the denials. */
export function assertAudited({ answers, lines }: Played): readonly Answered[] {
  const refused = answers.filter(({ code, denied }) => code === 'permission_denied' || denied !== undefined);
  const events = lines.filter((line) => line.startsWith('denied: '));
  assert.equal(events.length, refused.length, lines.join('\n'));
  for (const [index, { syscall, code, denied }] of refused.entries()) {
    assert.equal(code, 'permission_denied');
    assert.ok(denied !== undefined && events[index]?.startsWith(`denied: ${syscall}: `) === true && events[index].endsWith(`: ${denied}`), events[index]);
  }
  return refused;
}
