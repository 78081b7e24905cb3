import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TextDecoder } from './decoder/lazy/text-decoder.ts';

const NodeDecoder = globalThis.TextDecoder;
const names =
  'ibm866 iso-8859-2 iso-8859-3 iso-8859-4 iso-8859-5 iso-8859-6 iso-8859-7 iso-8859-8 iso-8859-8-i iso-8859-10 iso-8859-13 iso-8859-14 iso-8859-15 koi8-r macintosh windows-1250 windows-1251 windows-1252 windows-1253 windows-1254 windows-1256 windows-1257 windows-1258 x-mac-cyrillic'.split(' ');

test('every byte of every encoding, as Node decodes it', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  for (const name of names) {
    const decoder = new TextDecoder(` ${name.toUpperCase()}\n`);
    assert.equal(decoder.encoding, name);
    const [ours, peer] = [decoder.decode(bytes), new NodeDecoder(name).decode(bytes)];
    assert.equal(ours.length, 256);
    // ICU has characters of its own for bytes that stand for nothing, and for some controls
    const differing = [...ours].filter((character, index) => index >= 0x80 && character !== peer[index] && character !== '\ufffd');
    assert.deepEqual(differing, [], name);
  }
});

test('in pieces, without a byte order mark, and fatal where a byte stands for nothing', () => {
  const decoder = new TextDecoder('koi8-r');
  assert.equal(decoder.decode(Uint8Array.of(0xf0), { stream: true }) + decoder.decode(Uint8Array.of(0xd2)), 'Пр');
  assert.equal(new TextDecoder('windows-874').decode(Uint8Array.of(0xa1, 0xdb)), 'ก\ufffd');
  assert.throws(() => new TextDecoder('windows-874', { fatal: true }).decode(Uint8Array.of(0xdb)), TypeError);
  assert.equal(new TextDecoder('x-user-defined').decode(Uint8Array.of(0x41, 0x80, 0xff)), 'A\uf780\uf7ff');
});

test('labels', () => {
  const labels = { 'csisolatin2': 'iso-8859-2', 'logical': 'iso-8859-8-i', 'cyrillic': 'iso-8859-5', 'dos-874': 'windows-874', 'x-cp1250': 'windows-1250', 'mac': 'macintosh', 'koi8-ru': 'koi8-u' };
  for (const [label, name] of Object.entries(labels)) assert.equal(new TextDecoder(label).encoding, name);
  for (const label of ['iso-8859-9x', 'koi8 r', 'replacement', 'iso-2022-kr', '', 'utf-7']) assert.throws(() => new TextDecoder(label), RangeError, label);
});
