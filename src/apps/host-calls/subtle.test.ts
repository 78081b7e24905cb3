import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { packSubtle, type SubtleKey, type SubtleMessage, type SubtleParts, unpackSubtle } from '../../protocol/subtle.ts';
import { runSubtle, SUBTLE_LIMITS } from './subtle.ts';

const data = Uint8Array.of(1, 2, 3);
const caller = { app: 'app', signal: new AbortController().signal, chargeCpu: () => undefined };

async function call(op: string, message: SubtleMessage | Record<string, unknown>, parts: SubtleParts = {}): Promise<ReturnType<typeof unpackSubtle>> {
  const { fields, buffers } = packSubtle(message, parts);
  const reply = await runSubtle(op, fields, buffers.map((bytes) => bytes.buffer), caller);
  return unpackSubtle(reply.fields, reply.buffers);
}

test('a call comes back with its parts, and is charged', async () => {
  const { fields, buffers } = packSubtle({ algorithm: { name: 'SHA-256' } }, { data });
  let chargedMs = 0;
  const reply = await runSubtle('digest', fields, buffers.map((bytes) => bytes.buffer), { ...caller, chargeCpu: (ms) => void (chargedMs += ms) });
  assert.equal(unpackSubtle(reply.fields, reply.buffers).parts.get('data')?.length, 32);
  assert.ok(chargedMs > 0);
});

test('fields that are no message are refused', async () => {
  const sizes = (value: unknown): string => JSON.stringify({ algorithm: { name: 'SHA-1' }, sizes: value });
  const malformed = [[], ['{'], ['null'], ['5'], ['{}'], [sizes('x')], [sizes([['data', 9]])], [sizes([['data', -1]])], [sizes([['data', 1.5]])], [sizes([[1, 1]])], [sizes(Array.from({ length: 17 }, () => ['a', 0]))]];
  for (const fields of malformed) await assert.rejects(runSubtle('digest', fields, [new ArrayBuffer(3)], caller), RangeError, fields.join());
});

test('what is not on the list is refused', async () => {
  await assert.rejects(call('constructor', {}), TypeError);
  await assert.rejects(call('toString', {}), TypeError);
  const unsupported = [
    { algorithm: { name: 'RIPEMD160' } },
    { algorithm: { name: 'HMAC', hash: 'MD5' } },
    { algorithm: { name: 'ECDSA', namedCurve: 'secp256k1' } },
    { algorithm: 5 },
    { usages: ['fly'] },
    { format: 'der' },
    { keys: [{ type: 'secret' }] },
  ];
  for (const message of unsupported) await assert.rejects(call('generateKey', message), { name: 'NotSupportedError' });
});

test('a call without what it needs is a TypeError', async () => {
  for (const op of ['digest', 'generateKey', 'importKey', 'exportKey', 'sign', 'verify', 'encrypt', 'decrypt', 'deriveBits', 'wrap', 'unwrap']) {
    await assert.rejects(call(op, {}), TypeError, op);
  }
  await assert.rejects(call('digest', { algorithm: { name: 'SHA-1' } }), TypeError);
});

const baseKey: SubtleKey[] = [{ type: 'secret', algorithm: { name: 'PBKDF2' }, usages: ['deriveBits'] }];

test('PBKDF2 is bounded by its iterations over all blocks', async () => {
  const derive = (iterations: number, lengthBits: number): Promise<unknown> =>
    call('deriveBits', { algorithm: { name: 'PBKDF2', hash: 'SHA-256', iterations }, keys: baseKey, lengthBits }, { key0: data, salt: data });
  await derive(1000, 256);
  await assert.rejects(derive(SUBTLE_LIMITS.iterationsMax + 1, 256), { name: 'NotSupportedError' });
  await assert.rejects(derive(SUBTLE_LIMITS.iterationsMax / 2 + 1, 512), { name: 'NotSupportedError' });
  await assert.rejects(derive(1, SUBTLE_LIMITS.outputBytesMax * 8 + 8), { name: 'OperationError' });
});

test('PBKDF2 is bounded by its salt too, which each block begins with', async () => {
  const derive = (saltBytes: number, lengthBits: number): Promise<unknown> =>
    call('deriveBits', { algorithm: { name: 'PBKDF2', hash: 'SHA-1', iterations: 1 }, keys: baseKey, lengthBits }, { key0: data, salt: new Uint8Array(saltBytes) });
  await derive(1_000_000, 160);
  await assert.rejects(derive(1_000_000, 160_000), { name: 'NotSupportedError' });
});

test('AES-KW wraps keys, and nothing larger', async () => {
  const keys = [{ type: 'secret', algorithm: { name: 'AES-KW', length: 128 }, usages: ['wrapKey', 'unwrapKey'] }];
  const wrap = async (op: string, bytes: Uint8Array): Promise<Uint8Array | undefined> => (await call(op, { keys }, { key0: new Uint8Array(16), data: bytes })).parts.get('data');
  const wrapped = await wrap('wrap', new Uint8Array(SUBTLE_LIMITS.asymmetricKeyBytesMax - 8));
  assert.equal((await wrap('unwrap', wrapped!))?.length, SUBTLE_LIMITS.asymmetricKeyBytesMax - 8);
  for (const op of ['wrap', 'unwrap']) await assert.rejects(wrap(op, new Uint8Array(SUBTLE_LIMITS.asymmetricKeyBytesMax + 8)), { name: 'OperationError' });
});

test('a message that is larger than any key is refused before it is read', async () => {
  const jwk = { kty: 'oct', k: 'AAAA', key_ops: Array.from({ length: 100_000 }, () => 'sign') };
  await assert.rejects(call('importKey', { algorithm: { name: 'HMAC', hash: 'SHA-1' }, usages: ['sign'], format: 'jwk', jwk }), { name: 'DataError', message: 'The key is too large' });
});

test('MD5 of more than one slice is that of the whole', async () => {
  const bytes = Uint8Array.from({ length: 1_200_000 }, (_, index) => index);
  for (const some of [bytes, bytes.subarray(0, 512 * 1024), new Uint8Array(0)]) {
    const { parts } = await call('digest', { algorithm: { name: 'MD5' } }, { data: some });
    assert.equal(Buffer.from(parts.get('data')!).toString('hex'), createHash('md5').update(some).digest('hex'));
  }
});

test('RSA is bounded by its modulus and exponent', async () => {
  const generate = (modulusLength: number, publicExponent: Uint8Array): Promise<unknown> =>
    call('generateKey', { algorithm: { name: 'RSA-PSS', hash: 'SHA-256', modulusLength }, usages: ['sign'] }, { publicExponent });
  await generate(512, Uint8Array.of(3));
  await assert.rejects(generate(SUBTLE_LIMITS.generatedModulusBitsMax + 1, Uint8Array.of(3)), { name: 'OperationError' });
  await assert.rejects(generate(SUBTLE_LIMITS.modulusBitsMin - 1, Uint8Array.of(3)), { name: 'OperationError' });
  await assert.rejects(generate(512, Uint8Array.of(5)), { name: 'OperationError' });
});

test('an imported RSA key that is too large is refused', async () => {
  const n = Buffer.alloc(1025, 0xff).toString('base64url');
  const message = { algorithm: { name: 'RSA-PSS', hash: 'SHA-256' }, usages: ['verify'], format: 'jwk', jwk: { kty: 'RSA', n, e: 'AQAB' } };
  await assert.rejects(call('importKey', message), { name: 'OperationError' });
  const huge = { ...message, jwk: { ...message.jwk, n: 'A'.repeat(SUBTLE_LIMITS.asymmetricKeyBytesMax) } };
  await assert.rejects(call('importKey', huge), { name: 'DataError' });
});

test('more calls than may run at once all finish', async () => {
  const derive = (): Promise<ReturnType<typeof unpackSubtle>> =>
    call('deriveBits', { algorithm: { name: 'PBKDF2', hash: 'SHA-1', iterations: 10 }, keys: baseKey, lengthBits: 160 }, { key0: data, salt: data });
  const replies = await Promise.all(Array.from({ length: 16 }, derive));
  assert.equal(new Set(replies.map(({ parts }) => Buffer.from(parts.get('data') ?? []).toString('hex'))).size, 1);
});

test('a call that waits is given up when its request ends, and the apps take turns', async () => {
  const { fields, buffers } = packSubtle({ algorithm: { name: 'PBKDF2', hash: 'SHA-256', iterations: 100_000 }, keys: baseKey, lengthBits: 256 }, { key0: data, salt: data });
  const order: string[] = [];
  const derive = async (app: string, signal: AbortSignal): Promise<void> => {
    await runSubtle('deriveBits', fields, buffers.map((bytes) => bytes.slice().buffer), { ...caller, app, signal });
    order.push(app);
  };
  const stop = new AbortController();
  const first = Array.from({ length: 4 }, () => derive('flood', caller.signal));
  const givenUp = Array.from({ length: 100 }, () => derive('flood', stop.signal));
  const victim = derive('victim', caller.signal);
  stop.abort(new Error('The request ended'));
  for (const call of givenUp) await assert.rejects(call, /The request ended/);
  await Promise.all([...first, victim]);
  assert.equal(order.length, 5);
  assert.ok(order.indexOf('victim') < 4, order.join());
});

test('hashes and ciphers are charged by their size, whatever runs beside them', async () => {
  const cost = async (bytes: number): Promise<number> => {
    const { fields, buffers } = packSubtle({ algorithm: { name: 'SHA-512' } }, { data: new Uint8Array(bytes) });
    let chargedMs = 0;
    await runSubtle('digest', fields, buffers.map((part) => part.buffer), { ...caller, chargeCpu: (ms) => void (chargedMs += ms) });
    return chargedMs;
  };
  const alone = await cost(1_000);
  const together = await Promise.all(Array.from({ length: 200 }, () => cost(1_000)));
  assert.ok(together.every((ms) => ms === alone) && alone < 0.1, `${alone} ms`);
  assert.ok((await cost(1_000_000)) > 1);
});

test('PBKDF2 is charged before it begins, and what nobody can pay for does not begin', async () => {
  const { fields, buffers } = packSubtle({ algorithm: { name: 'PBKDF2', hash: 'SHA-512', iterations: 9_000_000 }, keys: baseKey, lengthBits: 256 }, { key0: data, salt: data });
  const stop = new AbortController();
  const chargeCpu = (ms: number): void => {
    if (ms > 1_000) stop.abort(new Error('over the CPU limit'));
  };
  await assert.rejects(runSubtle('deriveBits', fields, buffers.map((bytes) => bytes.buffer), { app: 'app', signal: stop.signal, chargeCpu }), /over the CPU limit/);
});

const publicExponent = Uint8Array.of(1, 0, 1);

function generation(modulusLength: number): ReturnType<typeof packSubtle> {
  return packSubtle({ algorithm: { name: 'RSA-PSS', hash: 'SHA-256', modulusLength }, usages: ['sign'] }, { publicExponent });
}

test('an RSA key is charged before it is made, and what nobody can pay for does not begin', async () => {
  const { fields, buffers } = generation(4_096);
  const stop = new AbortController();
  const chargeCpu = (ms: number): void => {
    if (ms > 500) stop.abort(new Error('over the CPU limit'));
  };
  await assert.rejects(runSubtle('generateKey', fields, buffers.map((bytes) => bytes.buffer), { app: 'app', signal: stop.signal, chargeCpu }), /over the CPU limit/u);
});

test('RSA keys are made one at a time, the apps take turns, and nothing short waits for them', async () => {
  const { fields, buffers } = generation(1_024);
  const order: string[] = [];
  const run = async (app: string, op: string, crossing: ReturnType<typeof packSubtle>): Promise<void> => {
    await runSubtle(op, crossing.fields, crossing.buffers.map((bytes) => bytes.slice().buffer), { ...caller, app });
    order.push(app);
  };
  const flood = Array.from({ length: 6 }, () => run('flood', 'generateKey', { fields, buffers }));
  const other = run('other', 'generateKey', { fields, buffers });
  const derivation = packSubtle({ algorithm: { name: 'PBKDF2', hash: 'SHA-256', iterations: 1_000 }, keys: baseKey, lengthBits: 256 }, { key0: data, salt: data });
  const derived = Array.from({ length: 4 }, () => run('derived', 'deriveBits', derivation));
  await Promise.all([...flood, other, ...derived]);
  assert.ok(order.indexOf('other') < order.lastIndexOf('flood') - 2, order.join());
  assert.ok(order.lastIndexOf('derived') < order.lastIndexOf('flood') - 2, order.join());
});

test('what fails is charged as well', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 4_096 });
  const keys: SubtleKey[] = [{ type: 'private', algorithm: { name: 'RSA-OAEP', hash: 'SHA-256' }, usages: ['decrypt'] }];
  const { fields, buffers } = packSubtle({ algorithm: { name: 'RSA-OAEP' }, keys }, { key0: privateKey.export({ type: 'pkcs8', format: 'der' }), data: new Uint8Array(512) });
  let chargedMs = 0;
  const decrypted = runSubtle('decrypt', fields, buffers.map((bytes) => bytes.buffer), { ...caller, chargeCpu: (ms) => void (chargedMs += ms) });
  await assert.rejects(decrypted, { name: 'OperationError' });
  assert.ok(chargedMs > 1, `${chargedMs} ms`);
});

test('key material that does not fit its description is an error, not a crash', async () => {
  for (const algorithm of [{ name: 'RSA-PSS', hash: 'SHA-1' }, { name: 'ECDSA', namedCurve: 'P-256' }, { name: 'Ed25519' }, { name: 'AES-GCM' }]) {
    for (const type of ['secret', 'private', 'public']) {
      const keys = [{ type, algorithm, usages: ['sign'] }];
      await assert.rejects(call('sign', { algorithm: { ...algorithm, saltLength: 1, hash: 'SHA-1' }, keys }, { key0: data, data }), (error) => error instanceof DOMException || error instanceof TypeError);
    }
  }
});
