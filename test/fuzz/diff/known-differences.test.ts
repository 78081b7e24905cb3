import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { KNOWN_DIFFERENCES, ORDER_OF_FAULTS, WORKERD_ALONE } from './known-differences.ts';
import { KNOWN_EXCHANGES } from './known-exchanges.ts';

test('docs/workers-api.md gives the reason of every known difference', () => {
  const page = readFileSync(new URL('../../../docs/workers-api.md', import.meta.url), 'utf8');
  const section = page.slice(page.indexOf('\n## Differences to workerd\n'));
  const reasons = [ORDER_OF_FAULTS, WORKERD_ALONE, ...[...KNOWN_DIFFERENCES, ...KNOWN_EXCHANGES].map(({ reason }) => reason)];
  assert.deepEqual(reasons.filter((reason) => !section.includes(`| ${reason} |`)), []);
});
