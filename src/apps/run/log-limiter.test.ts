import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOST_LIMITS } from '../../protocol/limits.ts';
import { SecretMask } from '../../util/secret-mask.ts';
import { LogLimiter } from './log-limiter.ts';

const { logBytesPerSecondMax, logLineBytesMax } = HOST_LIMITS;
const SECRET = 'tango7-secret';
const mask = new SecretMask([SECRET]);

test('a line of the greatest length passes whole, a longer one is cut', () => {
  const limiter = new LogLimiter(0);
  const line = 'x'.repeat(logLineBytesMax);
  assert.equal(limiter.admit(line, 0, mask), line);
  assert.equal(limiter.admit(`${line}y`, 0, mask), `${line}…`);
});

test('a secret is masked before the line is cut', () => {
  for (let before = logLineBytesMax - SECRET.length - 8; before < logLineBytesMax + 8; before++) {
    const line = new LogLimiter(0).admit(`${'x'.repeat(before)}${SECRET}${'z'.repeat(100)}`, 0, mask) ?? '';
    assert.ok(!line.includes('tango'), line.slice(-40));
  }
});

test('past a second’s worth lines are dropped and counted, until time has passed', () => {
  const limiter = new LogLimiter(0);
  const line = 'x'.repeat(logLineBytesMax);
  for (let printed = 0; printed < logBytesPerSecondMax; printed += logLineBytesMax) assert.equal(limiter.admit(line, 0, mask), line);
  assert.equal(limiter.admit('x', 0, mask), undefined);
  assert.equal(limiter.admit('x', 0, mask), undefined);
  assert.equal(limiter.takeDropped(), 2);
  assert.equal(limiter.takeDropped(), 0);
  assert.equal(limiter.admit('x', 1_000, mask), 'x');
});
