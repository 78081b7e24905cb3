import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BodyReader } from '../../net/egress/body-reader.ts';
import { readAtOnce } from './read-at-once.ts';

/** Gives `steps` one after the other; a function is asked for the chunk. */
function bodyOf(...steps: (string | (() => Promise<Uint8Array | null>))[]): BodyReader & { cancelled: boolean } {
  return {
    cancelled: false,
    read() {
      const step = steps.shift();
      return step === undefined ? Promise.resolve(null) : typeof step === 'string' ? Promise.resolve(Buffer.from(step)) : step();
    },
    cancel() {
      this.cancelled = true;
    },
  };
}

async function rest(reader: BodyReader | Buffer): Promise<string> {
  assert.ok(!Buffer.isBuffer(reader));
  let text = '';
  for (let chunk = await reader.read(); chunk !== null; chunk = await reader.read()) text += Buffer.from(chunk).toString();
  return text;
}

test('a body that is there', async () => {
  assert.deepEqual(await readAtOnce(bodyOf('ab', 'c')), Buffer.from('abc'));
  assert.deepEqual(await readAtOnce(bodyOf()), Buffer.alloc(0));
});

test('what comes later follows what is there', async () => {
  let send: (chunk: Uint8Array) => void = () => undefined;
  const reader = await readAtOnce(bodyOf('ab', () => new Promise((resolve) => (send = resolve)), 'd'));
  send(Buffer.from('c'));
  assert.equal(await rest(reader), 'abcd');
});

test('a body that breaks is a reader that does', async () => {
  for (const later of [false, true]) {
    const broken = async (): Promise<never> => {
      if (later) await new Promise((resolve) => setTimeout(resolve, 5));
      throw new TypeError('broke');
    };
    const reader = await readAtOnce(bodyOf('ab', broken));
    assert.ok(!Buffer.isBuffer(reader));
    assert.equal(String(await reader.read()), 'ab');
    await assert.rejects(reader.read(), /broke/);
  }
});

test('cancelling reaches the body', async () => {
  const body = bodyOf('ab', () => new Promise(() => undefined));
  const reader = await readAtOnce(body);
  assert.ok(!Buffer.isBuffer(reader));
  reader.cancel();
  assert.equal(body.cancelled, true);
});
