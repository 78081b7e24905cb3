import assert from 'node:assert/strict';
import { randomFillSync, webcrypto } from 'node:crypto';
import { test } from 'node:test';
import { runSubtle } from '../../../apps/host-calls/subtle.ts';
import { bindHostCalls, type HostCalls } from '../../kernel/host-calls.ts';
import { installDom } from '../dom/index.ts';
import type { Crypto as GuestCrypto } from './lazy/crypto.ts';
import type { CryptoKey } from './subtle/lazy/crypto-key.ts';
import { installCrypto } from './index.ts';

function unused(): never {
  throw new Error('Not used here');
}

/** The real driver behind a crossing that copies. */
const host: HostCalls = {
  call(name, fields, buffers = []) {
    const copies = buffers.map((view) => new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength).slice().buffer);
    return { reply: runSubtle(name.replace(/^subtle\./, ''), fields, copies, { app: 'app', signal: new AbortController().signal, chargeCpu: () => undefined }), cancel: unused };
  },
  inbound: unused,
  outbound: unused,
  log: unused,
  currentRequest: () => 0,
  randomFill(bytes) {
    randomFillSync(bytes);
  },
};
bindHostCalls(host);

const global: Record<string, unknown> = {};
installDom({});
installCrypto(global);
const crypto = global.crypto as GuestCrypto;
const ours = crypto.subtle;
const theirs = webcrypto.subtle;
const data = new TextEncoder().encode('some data, longer than one block of anything');

type Pair = { publicKey: CryptoKey; privateKey: CryptoKey };

function nameOf(error: unknown): string {
  return (error as Error).name;
}

test('digests agree with the platform', async () => {
  for (const name of ['SHA-1', 'sha-256', 'SHA-384', 'SHA-512']) {
    assert.deepEqual(await ours.digest(name, data), await theirs.digest(name, data));
    assert.deepEqual(await ours.digest({ name }, data.buffer), await theirs.digest({ name }, data.buffer));
  }
  assert.equal(Buffer.from(await ours.digest('MD5', new Uint8Array())).toString('hex'), 'd41d8cd98f00b204e9800998ecf8427e');
});

const rsa = { modulusLength: 1024, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' };
const signers: readonly (readonly [object, object])[] = [
  [{ name: 'RSASSA-PKCS1-v1_5', ...rsa }, { name: 'RSASSA-PKCS1-v1_5' }],
  [{ name: 'RSA-PSS', ...rsa }, { name: 'RSA-PSS', saltLength: 20 }],
  [{ name: 'ECDSA', namedCurve: 'P-256' }, { name: 'ECDSA', hash: { name: 'SHA-256' } }],
  [{ name: 'ECDSA', namedCurve: 'P-521' }, { name: 'ECDSA', hash: 'SHA-512' }],
  [{ name: 'Ed25519' }, { name: 'Ed25519' }],
  [{ name: 'Ed448' }, { name: 'Ed448' }],
];

for (const [generated, used] of signers) {
  test(`signatures are good in both directions: ${JSON.stringify(generated)}`, async () => {
    const { publicKey, privateKey } = (await ours.generateKey(generated, true, ['sign', 'verify'])) as Pair;
    assert.deepEqual([publicKey.type, privateKey.type, publicKey.usages, privateKey.usages], ['public', 'private', ['verify'], ['sign']]);
    const importAs = { ...generated, ...(used as { name: string }) } as webcrypto.RsaHashedImportParams;
    const [spki, pkcs8] = [(await ours.exportKey('spki', publicKey)) as ArrayBuffer, (await ours.exportKey('pkcs8', privateKey)) as ArrayBuffer];
    const theirPublic = await theirs.importKey('spki', spki, 'hash' in generated ? { ...importAs, hash: 'SHA-256' } : importAs, true, ['verify']);
    assert.deepEqual(publicKey.algorithm, { ...theirPublic.algorithm });
    const signature = await ours.sign(used, privateKey, data);
    assert.equal(await theirs.verify(used as webcrypto.RsaPssParams, theirPublic, signature, data), true);
    assert.equal(await ours.verify(used, publicKey, signature, data), true);
    assert.equal(await ours.verify(used, publicKey, signature, data.subarray(1)), false);
    const imported = await ours.importKey('pkcs8', pkcs8, 'hash' in generated ? { ...importAs, hash: 'SHA-256' } : importAs, false, ['sign']);
    assert.equal(await ours.verify(used, publicKey, await ours.sign(used, imported, data), data), true);
    const jwk = await ours.exportKey('jwk', publicKey);
    assert.deepEqual(jwk, { ...(await theirs.exportKey('jwk', theirPublic)) });
  });
}

test('HMAC agrees with the platform', async () => {
  const raw = Uint8Array.from({ length: 40 }, (_, i) => i);
  const algorithm = { name: 'HMAC', hash: 'SHA-384' };
  const [our, their] = [await ours.importKey('raw', raw, algorithm, true, ['sign', 'verify']), await theirs.importKey('raw', raw, algorithm, true, ['sign', 'verify'])];
  assert.deepEqual(our.algorithm, { ...their.algorithm });
  assert.deepEqual(await ours.sign('HMAC', our, data), await theirs.sign('HMAC', their, data));
  assert.deepEqual(await ours.exportKey('jwk', our), { ...(await theirs.exportKey('jwk', their)) });
  const generated = (await ours.generateKey({ name: 'hmac', hash: 'SHA-256' }, false, ['sign'])) as CryptoKey;
  assert.deepEqual(generated.algorithm, { name: 'HMAC', length: 512, hash: { name: 'SHA-256' } });
});

const ciphers = [
  { name: 'AES-GCM', iv: new Uint8Array(12).fill(1), additionalData: data.subarray(0, 7), tagLength: 96 },
  { name: 'AES-GCM', iv: new Uint8Array(16) },
  { name: 'AES-CBC', iv: new Uint8Array(16).fill(2) },
  { name: 'AES-CTR', counter: new Uint8Array(16).fill(3), length: 64 },
];

for (const cipher of ciphers) {
  test(`${cipher.name} agrees with the platform`, async () => {
    const raw = Uint8Array.from({ length: 32 }, (_, i) => 255 - i);
    const our = await ours.importKey('raw', raw, cipher.name, false, ['encrypt', 'decrypt']);
    const their = await theirs.importKey('raw', raw, cipher.name, false, ['encrypt', 'decrypt']);
    const encrypted = await ours.encrypt(cipher, our, data);
    assert.deepEqual(encrypted, await theirs.encrypt(cipher as webcrypto.AesGcmParams, their, data));
    assert.deepEqual(new Uint8Array(await ours.decrypt(cipher, our, encrypted)), new Uint8Array(data));
    if (cipher.name !== 'AES-CTR') await assert.rejects(ours.decrypt(cipher, our, new ArrayBuffer(1)), { name: 'OperationError' });
  });
}

test('RSA-OAEP encrypts and decrypts, with a label', async () => {
  const { publicKey, privateKey } = (await ours.generateKey({ name: 'RSA-OAEP', ...rsa }, true, ['encrypt', 'decrypt'])) as Pair;
  const algorithm = { name: 'RSA-OAEP', label: Uint8Array.of(9) };
  const encrypted = await ours.encrypt(algorithm, publicKey, data);
  assert.deepEqual(new Uint8Array(await ours.decrypt(algorithm, privateKey, encrypted)), new Uint8Array(data));
  await assert.rejects(ours.decrypt('RSA-OAEP', privateKey, encrypted), { name: 'OperationError' });
});

test('bits derived agree with the platform', async () => {
  const secret = new TextEncoder().encode('secret');
  for (const algorithm of [
    { name: 'HKDF', hash: 'SHA-256', salt: data, info: data.subarray(3) },
    { name: 'PBKDF2', hash: 'SHA-512', salt: data, iterations: 1000 },
  ]) {
    const our = await ours.importKey('raw', secret, algorithm.name, false, ['deriveBits', 'deriveKey']);
    const their = await theirs.importKey('raw', secret, algorithm.name, false, ['deriveBits', 'deriveKey']);
    assert.deepEqual(await ours.deriveBits(algorithm, our, 384), await theirs.deriveBits(algorithm as webcrypto.HkdfParams, their, 384));
    const derived = await ours.deriveKey(algorithm, our, { name: 'AES-GCM', length: 256 }, true, ['encrypt']);
    const theirDerived = await theirs.deriveKey(algorithm, their, { name: 'AES-GCM', length: 256 }, true, ['encrypt']);
    assert.deepEqual(await ours.exportKey('raw', derived), await theirs.exportKey('raw', theirDerived));
    const hmac = await ours.deriveKey(algorithm, our, { name: 'HMAC', hash: 'SHA-384' }, true, ['sign']);
    assert.equal(((await ours.exportKey('raw', hmac)) as ArrayBuffer).byteLength, 128);
  }
});

for (const [generated, lengthBits] of [[{ name: 'ECDH', namedCurve: 'P-256' }, 256], [{ name: 'X25519' }, 256], [{ name: 'X448' }, 448]] as const) {
  test(`both sides of ${generated.name} get the same secret`, async () => {
    const [a, b] = [(await ours.generateKey(generated, true, ['deriveBits'])) as Pair, (await ours.generateKey(generated, false, ['deriveBits', 'deriveKey'])) as Pair];
    const bits = await ours.deriveBits({ name: generated.name, public: b.publicKey }, a.privateKey, lengthBits);
    assert.equal(bits.byteLength, lengthBits / 8);
    assert.deepEqual(bits, await ours.deriveBits({ name: generated.name, public: a.publicKey }, b.privateKey));
    const raw = (await ours.exportKey('raw', a.publicKey)) as ArrayBuffer;
    const imported = await ours.importKey('raw', raw, generated, true, []);
    assert.deepEqual(bits, await ours.deriveBits({ name: generated.name, public: imported }, b.privateKey, lengthBits));
    await assert.rejects(ours.deriveBits({ name: generated.name, public: a.privateKey }, b.privateKey, lengthBits), { name: 'InvalidAccessError' });
    await assert.rejects(ours.exportKey('pkcs8', b.privateKey), { name: 'InvalidAccessError' });
  });
}

test('keys are wrapped and unwrapped', async () => {
  const raw = new Uint8Array(32).fill(5);
  const inner = await ours.importKey('raw', raw, 'AES-CBC', true, ['encrypt']);
  for (const [wrapper, format] of [['AES-KW', 'raw'], ['AES-GCM', 'raw'], ['AES-GCM', 'jwk']] as const) {
    const outer = await ours.importKey('raw', new Uint8Array(16).fill(7), wrapper, false, ['wrapKey', 'unwrapKey']);
    const algorithm = wrapper === 'AES-KW' ? wrapper : { name: wrapper, iv: new Uint8Array(12) };
    const wrapped = await ours.wrapKey(format, inner, outer, algorithm);
    const unwrapped = await ours.unwrapKey(format, wrapped, outer, algorithm, 'AES-CBC', true, ['decrypt', 'encrypt']).catch((error: unknown) => error);
    if (format === 'jwk') assert.equal(nameOf(unwrapped), 'DataError', 'key_ops lists no decrypt');
    else assert.deepEqual(new Uint8Array((await ours.exportKey('raw', unwrapped)) as ArrayBuffer), raw);
    if (wrapper === 'AES-KW') {
      const theirOuter = await theirs.importKey('raw', new Uint8Array(16).fill(7), 'AES-KW', false, ['wrapKey']);
      const theirInner = await theirs.importKey('raw', raw, 'AES-CBC', true, ['encrypt']);
      assert.deepEqual(wrapped, await theirs.wrapKey('raw', theirInner, theirOuter, 'AES-KW'));
    }
  }
});

test('usages and extractability are kept', async () => {
  const key = await ours.importKey('raw', new Uint8Array(16), 'AES-GCM', false, ['encrypt']);
  await assert.rejects(ours.decrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, key, data), { name: 'InvalidAccessError' });
  await assert.rejects(ours.encrypt({ name: 'AES-CBC', iv: new Uint8Array(16) }, key, data), { name: 'InvalidAccessError' });
  await assert.rejects(ours.exportKey('raw', key), { name: 'InvalidAccessError' });
  assert.equal(key.usages, key.usages);
  assert.equal(key.algorithm, key.algorithm);
});

test('errors have the names of the standard', async () => {
  const cases: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['NotSupportedError', () => ours.digest('SHA-3', data)],
    ['NotSupportedError', () => ours.generateKey('AES-XYZ', true, [])],
    ['TypeError', () => ours.digest('SHA-256', 'text')],
    ['TypeError', () => ours.importKey('der', data, 'HKDF', false, [])],
    ['TypeError', () => ours.generateKey({ name: 'HMAC', hash: 'SHA-1' }, true, ['fly'])],
    ['TypeError', () => ours.generateKey({ name: 'AES-GCM' }, true, ['encrypt'])],
    ['SyntaxError', () => ours.generateKey({ name: 'AES-GCM', length: 128 }, true, [])],
    ['SyntaxError', () => ours.importKey('raw', new Uint8Array(16), 'AES-GCM', true, ['sign'])],
    ['OperationError', () => ours.generateKey({ name: 'AES-GCM', length: 100 }, true, ['encrypt'])],
    ['DataError', () => ours.importKey('raw', new Uint8Array(5), 'AES-GCM', true, ['encrypt'])],
    ['DataError', () => ours.importKey('jwk', { kty: 'oct', k: 'AAAA', ext: false }, { name: 'HMAC', hash: 'SHA-1' }, true, ['sign'])],
    ['OperationError', () => ours.generateKey({ name: 'RSA-PSS', ...rsa, modulusLength: 16_384 }, true, ['sign'])],
    ['OperationError', () => ours.generateKey({ name: 'RSA-PSS', ...rsa, publicExponent: Uint8Array.of(4) }, true, ['sign'])],
    ['TypeError', () => ours.sign('HMAC', {}, data)],
    ['TypeError', () => Reflect.apply(ours.digest, {}, ['SHA-1', data]) as Promise<unknown>],
  ];
  for (const [name, action] of cases) await assert.rejects(action(), (error) => nameOf(error) === name || assert.fail(`${nameOf(error)} instead of ${name}: ${String(error)}`));
});

test('getRandomValues checks the kind and size of its array', () => {
  const array = new Uint32Array(16_384);
  assert.equal(crypto.getRandomValues(array), array);
  assert.ok(array.some((value) => value > 0));
  assert.throws(() => crypto.getRandomValues(new Uint8Array(65_537)), { name: 'QuotaExceededError', code: 22 });
  for (const wrong of [new Float32Array(1), new DataView(new ArrayBuffer(1))]) assert.throws(() => crypto.getRandomValues(wrong), { name: 'TypeMismatchError' });
  assert.throws(() => crypto.getRandomValues([]), TypeError);
  assert.throws(() => Reflect.apply(crypto.getRandomValues, {}, [array]), TypeError);
});

test('randomUUID gives version 4', () => {
  assert.match(crypto.randomUUID(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(crypto.randomUUID(), crypto.randomUUID());
});

test('timingSafeEqual compares bytes', () => {
  assert.equal(ours.timingSafeEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2)), true);
  assert.equal(ours.timingSafeEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 3)), false);
  assert.throws(() => ours.timingSafeEqual(Uint8Array.of(1), Uint8Array.of(1, 3)), TypeError);
});

test('a public key is extractable as it was imported, and always when it was generated', async () => {
  const { publicKey } = (await ours.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])) as Pair;
  assert.equal(publicKey.extractable, true);
  const spki = await ours.exportKey('spki', publicKey);
  const imported = await ours.importKey('spki', spki, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
  assert.equal(imported.extractable, false);
  await assert.rejects(ours.exportKey('spki', imported), { name: 'InvalidAccessError' });
});

test('all arguments are converted before an algorithm is normalised', async () => {
  await assert.rejects(ours.digest('MD4', Symbol('no bytes')), TypeError);
  await assert.rejects(ours.importKey('raw', 7, 'none', true, []), TypeError);
  await assert.rejects(ours.importKey('raw', undefined, 'none', true, []), { name: 'NotSupportedError' });
  await assert.rejects(ours.sign('none', {}, new Uint8Array(1)), TypeError);
});

test('a JsonWebKey is read as a dictionary', async () => {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = Object.assign(() => undefined, { kty: 'oct', k: { toString: () => 'AQ' }, key_ops: new Set(['sign']), other: 1n });
  const imported = await ours.importKey('jwk', key, algorithm, true, ['sign']);
  assert.equal((await ours.exportKey('jwk', imported) as { k?: string }).k, 'AQ');
  await assert.rejects(ours.importKey('jwk', { kty: 'RSA' }, algorithm, true, ['sign']), { name: 'DataError' });
  await assert.rejects(ours.importKey('jwk', [], algorithm, true, ['encrypt']), { name: 'SyntaxError' });
  await assert.rejects(ours.importKey('jwk', { kty: 'oct', key_ops: 7 }, algorithm, true, ['sign']), TypeError);
});
