import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pbkdf2Iterations, subtleCost, type CostedCall } from './subtle-cost.ts';

const MB = 1024 * 1024;
const NOTHING: CostedCall = { op: 'digest', algorithm: undefined, keys: [], lengthBits: 0, bytes: 0, saltBytes: 0, keyBytes: 0 };

function key(type: string, name: string): CostedCall['keys'][number] {
  return { type, algorithm: { name } };
}

function generate(modulusLength: number): Partial<CostedCall> {
  return { op: 'generateKey', algorithm: { name: 'RSA-PSS', modulusLength } };
}

function derive(iterations: number): Partial<CostedCall> {
  return { op: 'deriveBits', algorithm: { name: 'PBKDF2', hash: 'SHA-256', iterations }, keys: [key('secret', 'PBKDF2')], lengthBits: 256 };
}

function sign(name: string, keyBytes: number, type = 'private'): Partial<CostedCall> {
  return { op: 'sign', algorithm: { name }, keys: [key(type, name)], keyBytes };
}

const CALLS: readonly (readonly [what: string, call: Partial<CostedCall>, leastMs: number, mostMs: number, line: string])[] = [
  ['a digest', { algorithm: { name: 'SHA-1' }, bytes: 1_000 }, 0.03, 0.1, 'light'],
  ['a digest of 50 MB', { algorithm: { name: 'MD5' }, bytes: 50 * MB }, 50, 100, 'short'],
  ['a cipher of 100 MB', { op: 'encrypt', algorithm: { name: 'AES-GCM' }, keys: [key('secret', 'AES-GCM')], bytes: 100 * MB }, 100, 300, 'long'],
  ['a wrapped key', { op: 'wrap', keys: [key('secret', 'AES-KW')], bytes: 64 * 1024 }, 5, 10, 'short'],
  ['1,000 iterations', derive(1_000), 0.1, 0.5, 'light'],
  ['100,000 iterations', derive(100_000), 15, 40, 'short'],
  ['600,000 iterations', derive(600_000), 100, 300, 'long'],
  ['a small RSA key', generate(1_024), 1, 10, 'generation'],
  ['an RSA key', generate(2_048), 30, 126, 'generation'],
  ['a large RSA key', generate(4_096), 500, 1_700, 'generation'],
  ['RSA of 2,048 bits', sign('RSA-PSS', 1_218), 0.3, 2, 'light'],
  ['RSA of 8,192 bits', sign('RSA-PSS', 4_700), 20, 60, 'short'],
  ['RSA of no sensible key', sign('RSA-PSS', 64 * 1024), 100, 500, 'long'],
  ['a check by RSA', { ...sign('RSA-PSS', 1_000, 'public'), op: 'verify' }, 0.03, 0.1, 'light'],
  ['an elliptic curve', sign('ECDSA', 200), 0.03, 0.1, 'light'],
];

for (const [what, call, leastMs, mostMs, line] of CALLS) {
  test(`${what} costs about what it takes, and waits with its like`, () => {
    const cost = subtleCost({ ...NOTHING, ...call });
    assert.equal(cost.line, line);
    assert.ok(cost.aheadMs >= leastMs && cost.aheadMs <= mostMs, `${cost.aheadMs} ms`);
  });
}

test('sizes tell all of hashes and ciphers, and of nothing else', () => {
  const isExact = (call: Partial<CostedCall>): boolean => subtleCost({ ...NOTHING, ...call }).isExact;
  assert.ok(isExact({ algorithm: { name: 'SHA-512' } }));
  assert.ok(isExact({ op: 'sign', algorithm: { name: 'HMAC' }, keys: [key('secret', 'HMAC')] }));
  assert.ok(!isExact(derive(1)));
  assert.ok(!isExact(sign('ECDSA', 100)));
});

test('iterations count for each block, and so does the salt', () => {
  const algorithm = { name: 'PBKDF2', hash: 'SHA-256', iterations: 10 };
  assert.equal(pbkdf2Iterations(algorithm, 0, 0), 10);
  assert.equal(pbkdf2Iterations(algorithm, 257, 16), 20);
  assert.equal(pbkdf2Iterations(algorithm, 256, 6_400), 110);
});
