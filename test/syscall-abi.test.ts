/** docs/syscall-abi.md says what the table of syscalls says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { SYSCALL_ERROR_CODES } from '../src/protocol/agent/syscall-errors.ts';
import { SYSCALLS, type SyscallKind } from '../src/protocol/agent/syscalls.ts';

const page = readFileSync(new URL('../docs/syscall-abi.md', import.meta.url), 'utf8');

test('every syscall is in the page with its number and nature', () => {
  const rows = [...page.matchAll(/^\| (?<op>\d+) \| `(?<name>[a-z_]+)` \| (?<step>yes|no) \| (?<effect>none|idempotent|effect) \|/gmu)].map(({ groups }) => ({ ...groups }));
  const table = Object.entries(SYSCALLS as Record<string, SyscallKind>).map(([name, { op, isStep, effect }]) => ({ op: String(op), name, step: isStep ? 'yes' : 'no', effect }));
  assert.deepEqual(rows, table);
});

test('every error code of a reply is in the page', () => {
  const rows = [...page.matchAll(/^\| `(?<code>[a-z_]+)` \|/gmu)].map(({ groups }) => groups?.['code']);
  assert.deepEqual(rows, [...SYSCALL_ERROR_CODES]);
});
