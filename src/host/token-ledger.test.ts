import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { TokenCap } from '../protocol/bindings/token-cap.ts';
import { testFolder } from '../util/test-folder.ts';
import { TokenLedger } from './token-ledger.ts';

const HOUR_MS = 3_600_000;
const cap: TokenCap = { tokensMax: 100, per: 'hour' };

async function ledgerFile(context: TestContext): Promise<string> {
  return join(await testFolder(context, {}), 'tokens.json');
}

test('a call gets what is left, and none when too little is', async (context) => {
  const ledger = await TokenLedger.open(await ledgerFile(context));
  assert.equal(ledger.reserve('a', cap, 60, 10).tokens, 60);
  const rest = ledger.reserve('a', cap, 60, 40);
  assert.deepEqual([rest.tokens, rest.left], [40, 40]);
  assert.throws(() => ledger.reserve('a', cap, 60, 1), { code: 'token_limit', message: /0 of 100 used this hour and 100 set aside for calls under way, 0 left, and this call needs at least 1/ });
  assert.equal(ledger.reserve('b', cap, 60, 10).tokens, 60);
  rest.settle(5);
  rest.settle(5);
  assert.equal(ledger.used('a', cap), 5);
  assert.equal(ledger.reserve('a', cap, 60, 35).tokens, 35);
});

test('at the limit, and one past it', async (context) => {
  const ledger = await TokenLedger.open(await ledgerFile(context));
  assert.equal(ledger.reserve('a', cap, 100, 100).tokens, 100);
  assert.throws(() => ledger.reserve('b', cap, 101, 101), { code: 'token_limit' });
  assert.throws(() => ledger.reserve('c', { ...cap, tokensMax: 0 }, 1, 1), { code: 'token_limit' });
});

test('an hour later there are all again; what is under way stays set aside, and a clock that is set back gives nothing', async (context) => {
  let nowMs = 10 * HOUR_MS + 1;
  const ledger = await TokenLedger.open(await ledgerFile(context), () => nowMs);
  const long = ledger.reserve('a', cap, 30, 1);
  ledger.charge('a', cap, 70);
  assert.throws(() => ledger.reserve('a', cap, 1, 1), { code: 'token_limit', retryAfterS: 3_600 });
  nowMs = 9 * HOUR_MS;
  assert.throws(() => ledger.reserve('a', cap, 1, 1), { code: 'token_limit' });
  nowMs = 11 * HOUR_MS;
  assert.equal(ledger.reserve('a', cap, 100, 1).tokens, 70);
  long.settle(30);
  assert.equal(ledger.used('a', cap), 30);
});

test('a total never comes back, not by a restart either', async (context) => {
  const file = await ledgerFile(context);
  const total: TokenCap = { tokensMax: 100, per: 'total' };
  let nowMs = HOUR_MS;
  const before = await TokenLedger.open(file, () => nowMs);
  before.charge('a', total, 99);
  await before.close();
  nowMs = 10_000 * HOUR_MS;
  const after = await TokenLedger.open(file, () => nowMs);
  assert.equal(after.reserve('a', total, 50, 1).tokens, 1);
  assert.throws(() => after.reserve('a', total, 1, 1), (error: { retryAfterS?: number }) => error.retryAfterS === undefined);
});

test('a damaged file is no empty one', async (context) => {
  const file = await ledgerFile(context);
  for (const text of ['', '{', '{"format":2,"apps":{}}', '{"format":1,"apps":{"a":{"per":"day","sinceMs":0,"used":-5}}}']) {
    await writeFile(file, text);
    await assert.rejects(TokenLedger.open(file), { code: 'config_invalid' }, text);
  }
});
