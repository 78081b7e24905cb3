import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../util/test-properties.ts';
import { loadTextDecoder } from './decoder/lazy/index.ts';
import { decodeUtf8, encodeUtf8, TextEncoder, utf8Length } from './index.ts';
import { installEncoding } from './install-encoding.ts';

const global: Record<string, unknown> = {};
installEncoding(global);

const { TextDecoder } = loadTextDecoder();
const NodeDecoder = globalThis.TextDecoder;
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary', minLength: 3000, maxLength: 9000 }), fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)));
const interesting = fc.constantFrom(0x41, 0x7f, 0x80, 0x9f, 0xa0, 0xbb, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff, 0xd8, 0xdc, 0xfe);
const bytes = fc.oneof(fc.array(interesting, { maxLength: 24 }), fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 24 })).map((values) => Uint8Array.from(values));

function outcome(decode: () => string): string {
  try {
    return decode();
  } catch (error) {
    return (error as Error).name;
  }
}

test('encode agrees with the platform', () => {
  fc.assert(
    fc.property(text, (input) => {
      assert.deepEqual(encodeUtf8(input), new Uint8Array(new globalThis.TextEncoder().encode(input)));
      assert.equal(utf8Length(input), Buffer.byteLength(input));
    }),
  );
});

test('encodeInto agrees with the platform', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 0, max: 20 }), (input, room) => {
      const [ours, theirs] = [new Uint8Array(room), new Uint8Array(room)];
      const well = input.slice(0, 30).toWellFormed();
      assert.deepEqual(new TextEncoder().encodeInto(well, ours), { ...new globalThis.TextEncoder().encodeInto(well, theirs) });
      assert.deepEqual(ours, theirs);
    }),
  );
});

for (const label of ['utf-8', 'utf-16le', 'utf-16be', 'latin1']) {
  for (const fatal of [false, true]) {
    for (const ignoreBOM of [false, true]) {
      test(`decode agrees with the platform: ${label}, fatal ${fatal}, ignoreBOM ${ignoreBOM}`, () => {
        fc.assert(
          fc.property(bytes, fc.boolean(), (input, bom) => {
            const mark = { 'utf-8': [0xef, 0xbb, 0xbf], 'utf-16le': [0xff, 0xfe], 'utf-16be': [0xfe, 0xff], latin1: [] }[label] ?? [];
            const data = Uint8Array.from([...(bom ? mark : []), ...input]);
            const options = { fatal, ignoreBOM };
            // Node loses bytes of windows-1252 with ignoreBOM, which has no meaning there.
            const theirs = label === 'latin1' ? { fatal } : options;
            assert.equal(outcome(() => new TextDecoder(label, options).decode(data)), outcome(() => new NodeDecoder(label, theirs).decode(data)));
          }),
        );
      });
    }
  }
}

test('chunks give the same text as the whole, however they are cut', () => {
  fc.assert(
    fc.property(fc.constantFrom('utf-8', 'utf-16le', 'utf-16be'), fc.array(bytes), (label, chunks) => {
      const decoder = new TextDecoder(label);
      const streamed = chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode();
      assert.equal(streamed, new NodeDecoder(label).decode(Buffer.concat(chunks)));
      assert.equal(decoder.decode(encodeUtf8('')), '', 'the decoder starts afresh');
    }),
  );
});

test('a decoder is usable again after a fatal error', () => {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  assert.throws(() => decoder.decode(Uint8Array.of(0xe2, 0x82)), TypeError);
  assert.equal(decoder.decode(Uint8Array.of(0x41)), 'A');
  assert.throws(() => decoder.decode(Uint8Array.of(0xe2, 0x41)), TypeError);
  assert.equal(decoder.decode(Uint8Array.of(0xc3, 0xa9)), 'é');
});

test('a fatal error within a stream takes its bytes with it', () => {
  const decoder = new TextDecoder('utf-16le', { fatal: true });
  assert.throws(() => decoder.decode(Uint8Array.of(0x00, 0xdc), { stream: true }), TypeError);
  assert.equal(decoder.decode(Uint8Array.of(0x41, 0x00), { stream: true }), 'A');
});

test('long inputs cross chunk boundaries intact', () => {
  for (const unit of ['a', 'é', '€', '😀', 'a😀']) {
    for (const count of [2047, 2048, 2049, 5000]) {
      const long = unit.repeat(count);
      assert.equal(decodeUtf8(encodeUtf8(long)), long);
      assert.equal(decodeUtf8(encodeUtf8(`x${long}`)), `x${long}`);
    }
  }
});

test('labels are matched as the standard says', () => {
  assert.equal(new TextDecoder(' UTF8\n').encoding, 'utf-8');
  assert.equal(new TextDecoder('ISO-8859-1').encoding, 'windows-1252');
  assert.equal(new TextDecoder('ucs-2').encoding, 'utf-16le');
  for (const label of ['', 'utf-7', 'utf-8 utf8', 'replacement']) assert.throws(() => new TextDecoder(label), RangeError);
});

test('the interfaces have the shape that Web IDL asks for', () => {
  assert.deepEqual(Object.keys(TextDecoder.prototype).toSorted(), ['decode', 'encoding', 'fatal', 'ignoreBOM']);
  assert.equal(Object.prototype.toString.call(new TextEncoder()), '[object TextEncoder]');
  assert.equal(TextDecoder.length, 0);
  assert.equal(TextEncoder.prototype.encodeInto.length, 2);
  assert.equal(Object.getOwnPropertyDescriptor(global, 'TextEncoder')?.enumerable, false);
  assert.throws(() => TextEncoder.prototype.encode.call({}, 'x'), TypeError);
  assert.throws(() => new TextDecoder().decode('text'), TypeError);
});
