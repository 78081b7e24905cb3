import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NanosError } from '../../protocol/errors.ts';
import { SEED } from '../../util/test-properties.ts';
import { readGguf } from './read-gguf.ts';

const MODEL = fileURLToPath(new URL('../../../models/nanos-agent.q8_0.gguf', import.meta.url));

async function scratch(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nanos-gguf-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'model.gguf');
}

async function refusal(path: string): Promise<NanosError> {
  const error: unknown = await readGguf(path).then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof NanosError, 'it was accepted');
  return error;
}

test('the embedded model', async () => {
  const header = await readGguf(MODEL);
  assert.equal(header.bytes, 1_896_768);
  assert.equal(header.parameters, 1_752_800);
  assert.equal(header.quantization, 'Q8_0');
  assert.equal(header.metadata.get('general.architecture'), 'llama');
  assert.equal(header.metadata.get('llama.context_length'), 1024);
  assert.equal(header.metadata.get('tokenizer.ggml.add_bos_token'), false);
  assert.match(String(header.metadata.get('tokenizer.chat_template')), /im_start/);
});

test('a missing file and a folder', async (t) => {
  const path = await scratch(t);
  assert.equal((await refusal(path)).code, 'model_missing');
  assert.equal((await refusal(join(path, '..'))).code, 'model_invalid');
});

test('a file that is cut off anywhere is refused, with the place', async (t) => {
  const path = await scratch(t);
  const whole = await readFile(MODEL);
  for (const bytes of [0, 3, 4, 23, 24, 100, 5_000, 30_000, whole.length / 2, whole.length - 1]) {
    await writeFile(path, whole.subarray(0, bytes));
    const { code, message } = await refusal(path);
    assert.equal(code, 'model_invalid', `${bytes} bytes`);
    assert.match(message, /ends at byte|cut off/);
  }
});

test('headers that lie', async (t) => {
  const path = await scratch(t);
  const lies: readonly (readonly [RegExp, (bytes: Buffer) => void])[] = [
    [/begin with GGUF/, (bytes) => bytes.write('GGML', 0)],
    [/version is 77/, (bytes) => bytes.writeUInt32LE(77, 4)],
    [/no weights/, (bytes) => bytes.writeBigUInt64LE(0n, 8)],
    [/tensors/, (bytes) => bytes.writeBigUInt64LE(2n ** 40n, 8)],
    [/size in its header/, (bytes) => bytes.writeBigUInt64LE(2n ** 64n - 1n, 8)],
    [/entries/, (bytes) => bytes.writeBigUInt64LE(2n ** 30n, 16)],
    [/string in its header claims/, (bytes) => bytes.writeBigUInt64LE(2n ** 33n, 24)],
    [/architecture/, (bytes) => bytes.write('g3n', bytes.indexOf('general.architecture'))],
  ];
  for (const [message, lie] of lies) {
    const bytes = await readFile(MODEL);
    lie(bytes);
    await writeFile(path, bytes);
    const error = await refusal(path);
    assert.equal(error.code, 'model_invalid');
    assert.match(error.message, message);
  }
});

test('tensors that lie where they may not', async (t) => {
  const path = await scratch(t);
  const name = 'blk.0.attn_k.weight';
  const dimensionsAt = (bytes: Buffer): number => bytes.indexOf(name) + name.length;
  const lies: readonly (readonly [RegExp, (bytes: Buffer, at: number) => void])[] = [
    [/dimensions/, (bytes, at) => bytes.writeUInt32LE(5, at)],
    [/shape/, (bytes, at) => bytes.writeBigUInt64LE(0n, at + 4)],
    [/shape/, (bytes, at) => bytes.writeBigUInt64LE(2n ** 52n, at + 4)],
    [/does not divide/, (bytes, at) => bytes.writeBigUInt64LE(161n, at + 4)],
    [/multiple of 32/, (bytes, at) => bytes.writeBigUInt64LE(bytes.readBigUInt64LE(at + 24) + 1n, at + 24)],
    [/cut off/, (bytes, at) => bytes.writeBigUInt64LE(2n ** 40n, at + 24)],
    [/lies over/, (bytes, at) => bytes.writeBigUInt64LE(bytes.readBigUInt64LE(at + 24) + 32n, at + 24)],
  ];
  for (const [message, lie] of lies) {
    const bytes = await readFile(MODEL);
    assert.notEqual(bytes.indexOf(name), -1);
    lie(bytes, dimensionsAt(bytes));
    await writeFile(path, bytes);
    assert.match((await refusal(path)).message, message);
  }
});

test('a random flip anywhere in the header is refused or harmless, and never another error', async (t) => {
  const path = await scratch(t);
  await copyFile(MODEL, path);
  const whole = await readFile(MODEL);
  let state = SEED;
  for (let i = 0; i < 150; i++) {
    const bytes = Buffer.from(whole);
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[state % 30_000] = state >>> 24;
    await writeFile(path, bytes);
    const error: unknown = await readGguf(path).then(() => undefined, (thrown: unknown) => thrown);
    assert.ok(error === undefined || (error instanceof NanosError && error.code === 'model_invalid'), `round ${i}: ${String(error)}`);
  }
});
