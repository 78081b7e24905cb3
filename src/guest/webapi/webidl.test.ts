import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  copyBytes,
  decorateInterface,
  defineConstants,
  exposeInterface,
  isPlatformObject,
  requireArguments,
  toByteString,
  toDictionary,
  toEnum,
  toInteger,
  toRecord,
  toSequence,
  toUnsignedLong,
  toUnsignedShort,
  toUSVString,
} from './webidl.ts';

class Sample {
  static make(): Sample {
    return new Sample();
  }
  get attribute(): number {
    return 1;
  }
  operation(): void {}
}

test('an exposed interface has enumerable members, a tag and a hidden name', () => {
  const global: Record<string, unknown> = {};
  exposeInterface(global, 'Sample', Sample);
  defineConstants(Sample, { ONE: 1 });
  assert.deepEqual(Object.keys(Sample.prototype), ['attribute', 'operation', 'ONE']);
  assert.deepEqual(Object.keys(Sample), ['make', 'ONE']);
  assert.equal(Object.prototype.toString.call(new Sample()), '[object Sample]');
  assert.deepEqual(Object.getOwnPropertyDescriptor(global, 'Sample'), { value: Sample, writable: true, configurable: true, enumerable: false });
  assert.throws(() => Object.assign(Sample, { ONE: 2 }), TypeError);
  assert.equal(isPlatformObject(Sample.make()), true);
  assert.equal(isPlatformObject({}), false);
  exposeInterface(global, 'Renamed', class Minified {});
  assert.equal(Reflect.get(global.Renamed as object, 'name'), 'Renamed');
});

test('members named like properties of functions are members too', () => {
  class Named {
    get name(): string {
      return 'x';
    }
    get length(): number {
      return 0;
    }
  }
  decorateInterface('Named', Named);
  assert.deepEqual(Object.keys(Named.prototype), ['name', 'length']);
  assert.deepEqual(Object.keys(Named), []);
});

test('too few arguments are a TypeError', () => {
  requireArguments(1, 1, 'A.b');
  assert.throws(() => requireArguments(0, 1, 'A.b'), { name: 'TypeError', message: 'A.b: 1 argument required, but only 0 present' });
});

test('strings', () => {
  assert.equal(toUSVString('a\ud800b\udc00😀'), 'a\ufffdb\ufffd😀');
  assert.equal(toUSVString(null), 'null');
  assert.throws(() => toUSVString(Symbol('s')), TypeError);
  assert.equal(toByteString('\u00ff'), '\u00ff');
  assert.throws(() => toByteString('\u0100'), TypeError);
  assert.equal(toEnum('b', ['a', 'b'], 'Kind'), 'b');
  assert.throws(() => toEnum('c', ['a', 'b'], 'Kind'), TypeError);
});

test('integers wrap, clamp or are refused, as typed arrays do', () => {
  const numbers = [0, -0, 1, -1, 1.9, -1.9, 127, 128, 255, 256, -129, 65_535, 65_536, 2 ** 31, 2 ** 32, 2 ** 32 + 5, -(2 ** 31) - 1, 2 ** 53, 1e20, Number.NaN, Infinity, '12', null, undefined, true];
  const arrays = [[8, false, Uint8Array], [8, true, Int8Array], [16, false, Uint16Array], [16, true, Int16Array], [32, false, Uint32Array], [32, true, Int32Array]] as const;
  for (const value of numbers) {
    for (const [bits, signed, array] of arrays) assert.equal(toInteger(value, bits, signed), array.of(value as number)[0], `${String(value)} in ${bits}`);
    assert.equal(toInteger(value, 8, false, 'clamp'), Uint8ClampedArray.of(value as number)[0]);
    assert.equal(toUnsignedLong(value), Number(value) >>> 0);
    assert.equal(toUnsignedShort(value), Uint16Array.of(Number(value))[0]);
  }
  assert.deepEqual([0.5, 1.5, 2.5, -0.4].map((value) => toInteger(value, 16, true, 'clamp')), [0, 2, 2, 0]);
  assert.equal(toInteger(255.9, 8, false, 'enforceRange'), 255);
  for (const value of [256, -1, Number.NaN, Infinity]) assert.throws(() => toInteger(value, 8, false, 'enforceRange'), TypeError);
  assert.equal(toInteger(2 ** 60, 64, true, 'clamp'), Number.MAX_SAFE_INTEGER);
  assert.throws(() => toInteger(5n, 32, true), TypeError);
});

test('sequences and records', () => {
  assert.deepEqual(toSequence(new Set([1, 2]), String), ['1', '2']);
  for (const value of [null, 'text', {}, 5]) assert.throws(() => toSequence(value, String), TypeError);
  const record = toRecord(Object.defineProperty({ b: 1, a: 2, 1: 3 }, 'hidden', { value: 4 }), toUSVString, Number);
  assert.deepEqual([...record], [['1', 3], ['b', 1], ['a', 2]]);
  assert.throws(() => toRecord({ [Symbol('s')]: 1 }, toUSVString, Number), TypeError);
  assert.deepEqual(toDictionary(null, 'Init'), {});
  assert.throws(() => toDictionary('text', 'Init'), TypeError);
});

test('buffer sources', () => {
  const bytes = Uint8Array.of(1, 2, 3, 4);
  assert.deepEqual(copyBytes(new DataView(bytes.buffer, 1, 2), 'Data'), Uint8Array.of(2, 3));
  assert.notEqual(copyBytes(bytes, 'Data').buffer, bytes.buffer);
  for (const value of [[1], null, { byteLength: 1 }]) assert.throws(() => copyBytes(value, 'Data'), TypeError);
});
