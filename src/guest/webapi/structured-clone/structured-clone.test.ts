import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../util/test-properties.ts';
import { DOMException, EventTarget, installDom, QuotaExceededError } from '../dom/index.ts';
import { Blob, File, installFileApi } from '../file-api/index.ts';
import { structuredClone } from './index.ts';

installDom({});
installFileApi({});
const platformClone = globalThis.structuredClone;

function nameOfError(action: () => unknown): string {
  try {
    action();
    return 'none';
  } catch (error) {
    return (error as Error).name;
  }
}

function argumentsObject(): unknown {
  return arguments;
}

const circular: Record<string, unknown> = { a: [] };
circular.self = circular;
(circular.a as unknown[]).push(circular);
const shared = { x: 1 };
const buffer = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8).buffer;
const resizable = new ArrayBuffer(8, { maxByteLength: 16 });
const full = new ArrayBuffer(8, { maxByteLength: 8 });
new Uint8Array(full).set([1, 2, 3, 4, 5, 6, 7, 8]);
class Point {
  x = 1;
  get y(): number {
    return 2;
  }
}
class Special extends Map<unknown, unknown> {
  extra = true;
}
const sparse: unknown[] = Object.assign(new Array<unknown>(5), { 0: 1, 2: 3, named: 'x' });

const values: readonly (readonly [string, unknown])[] = [
  ['primitives', [undefined, null, true, -0, Number.NaN, 1e300, 'text', 12n]],
  ['boxed', [Object(true), Object(5), Object('text'), Object(7n)]],
  ['dates', [new Date(0), new Date(1e12)]],
  ['expressions', Object.assign(/a(b)\/c/gimsuy, { lastIndex: 3 })],
  ['cycles', circular],
  ['shared references', [shared, shared, new Map([[shared, shared]]), new Set([shared])]],
  ['maps and sets', new Map<unknown, unknown>([[{ k: 1 }, new Set([1, new Map()])]])],
  ['subclass of Map', new Special([[1, 2]])],
  ['class instance', new Point()],
  ['null prototype', Object.assign(Object.create(null), { b: 1, a: 2, 1: 'i' })],
  ['property order', { z: 1, 10: 'x', a: 2, 2: 'y', ['__proto__']: 5 }],
  ['sparse array', sparse],
  ['getters', { get now() { return 5; } }],
  ['fake tag', { [Symbol.toStringTag]: 'Map', a: 1 }],
  ['symbol keys', { [Symbol('s')]: 1, a: 2 }],
  ['non-enumerable', Object.defineProperty({ a: 1 }, 'hidden', { value: 2 })],
  ['buffers', { buffer, a: new Uint8Array(buffer, 2, 3), b: new DataView(buffer, 1), c: new BigInt64Array(1), d: new Float32Array([1.5]) }],
  ['resizable', { resizable, fixed: new Uint8Array(resizable, 0, 8), tracking: new Uint8Array(resizable), wide: new Uint32Array(resizable, 4), view: new DataView(resizable, 2) }],
  ['full resizable', { full, fixed: new Uint16Array(full, 2, 3), tracking: new Uint16Array(full, 2), view: new DataView(full, 8) }],
  ['iterator prototype tags', { math: Math, json: JSON }],
];

for (const [name, value] of values) {
  test(`agrees with the platform: ${name}`, () => {
    const [ours, theirs] = [structuredClone(value), platformClone(value)];
    assert.deepEqual(ours, theirs);
    assert.notEqual(ours, value);
    if (typeof theirs === 'object' && theirs !== null) assert.deepEqual(Reflect.ownKeys(ours as object), Reflect.ownKeys(theirs));
  });
}

test('views that track the length of a resizable buffer go on doing so, others do not', () => {
  type Views = { resizable: ArrayBuffer; fixed: Uint8Array; tracking: Uint8Array; wide: Uint32Array };
  const source = new ArrayBuffer(8, { maxByteLength: 16 });
  const clone = structuredClone({ resizable: source, fixed: new Uint8Array(source, 0, 8), tracking: new Uint8Array(source), wide: new Uint32Array(source, 4) }) as Views;
  clone.resizable.resize(16);
  assert.deepEqual([clone.fixed.length, clone.tracking.length, clone.wide.length], [8, 16, 3]);
  assert.equal(source.byteLength, 8);
});

test('an invalid date stays one', () => {
  const clone = structuredClone(new Date(Number.NaN)) as Date;
  assert.ok(clone instanceof Date && Number.isNaN(clone.getTime()));
});

test('errors keep name, message, stack and cause; unknown names become Error', () => {
  const errors = [new Error('a'), new TypeError('b', { cause: { deep: 1 } }), Object.assign(new RangeError('c'), { extra: 1 }), Object.assign(new Error('d'), { name: 'Custom' }), Object.assign(new Error(), { name: 'EvalError' })];
  class Mine extends SyntaxError {}
  for (const error of [...errors, new Mine('e'), Object.assign(new Error('f'), { message: 5 })]) {
    const [ours, theirs] = [structuredClone(error) as Error, platformClone(error)];
    assert.equal(Object.getPrototypeOf(ours), Object.getPrototypeOf(theirs));
    assert.deepEqual([ours.name, ours.message, ours.stack, Object.hasOwn(ours, 'message')], [theirs.name, theirs.message, theirs.stack, Object.hasOwn(theirs, 'message')]);
    assert.equal(Object.hasOwn(ours, 'extra'), false);
  }
  assert.deepEqual((structuredClone(new Error('x', { cause: shared })) as Error).cause, shared);
});

test('what can not be cloned is a DataCloneError', () => {
  const detached = new ArrayBuffer(4);
  structuredClone(null, { transfer: [detached] });
  const shrunk = new ArrayBuffer(8, { maxByteLength: 8 });
  const outside = [new Uint8Array(shrunk, 4), new DataView(shrunk, 6)];
  shrunk.resize(2);
  const bad = [() => 1, Symbol('s'), Object(Symbol('s')), new WeakMap(), new WeakSet(), Promise.resolve(), (function* () { yield 1; })(), [][Symbol.iterator](), new Map().entries(), new Intl.NumberFormat('en'), argumentsObject(), detached, ...outside];
  for (const value of [...bad, new EventTarget()]) {
    assert.equal(nameOfError(() => structuredClone({ deep: [value] })), 'DataCloneError', Object.prototype.toString.call(value));
  }
  for (const value of bad) assert.equal(nameOfError(() => platformClone({ deep: [value] })), 'DataCloneError');
});

test('a getter that throws ends the clone with its own error', () => {
  const thrown = new Error('mine');
  assert.throws(() => structuredClone({ get bad() { throw thrown; } }), thrown);
});

test('transfer moves the bytes and detaches the source', () => {
  const source = Uint8Array.of(1, 2, 3).buffer;
  const view = new Uint8Array(source, 1);
  const clone = structuredClone({ source, view }, { transfer: [source] }) as { source: ArrayBuffer; view: Uint8Array };
  assert.deepEqual([...new Uint8Array(clone.source)], [1, 2, 3]);
  assert.equal(clone.view.buffer, clone.source);
  assert.deepEqual([...clone.view], [2, 3]);
  assert.equal(source.byteLength, 0);
  assert.throws(() => new Uint8Array(source), TypeError);
});

test('a transfer that can not be done detaches nothing', () => {
  const source = new ArrayBuffer(4);
  for (const transfer of [[source, source], [source, {}]]) assert.equal(nameOfError(() => structuredClone(1, { transfer })), 'DataCloneError');
  assert.equal(nameOfError(() => structuredClone(() => 1, { transfer: [source] })), 'DataCloneError');
  assert.equal(source.byteLength, 4);
});

test('Blob, File and DOMException are serializable', async () => {
  const blob = structuredClone(new Blob(['abc'], { type: 'text/plain' })) as Blob;
  assert.deepEqual([blob instanceof Blob, await blob.text(), blob.type], [true, 'abc', 'text/plain']);
  const file = structuredClone(new File(['abc'], 'name.txt', { lastModified: 5 })) as File;
  assert.deepEqual([file instanceof File, await file.text(), file.name, file.lastModified], [true, 'abc', 'name.txt', 5]);
  const exception = structuredClone(new DOMException('m', 'AbortError')) as DOMException;
  assert.deepEqual([exception instanceof DOMException, exception.name, exception.message, exception.code], [true, 'AbortError', 'm', 20]);
  const quota = structuredClone(new QuotaExceededError('q', { quota: 1 })) as QuotaExceededError;
  assert.deepEqual([quota instanceof QuotaExceededError, quota.message, quota.quota, quota.requested], [true, 'q', 1, null]);
});

test('agrees with the platform on arbitrary values', () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withBoxedValues: true, withMap: true, withSet: true, withTypedArray: true, withSparseArray: true, withNullPrototype: true }), (value) => {
      assert.deepEqual(structuredClone(value), platformClone(value));
    }),
  );
});
