import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extractMimeType, parseMimeType, serializeMimeType } from './mime/lazy/mime-type.ts';

function normalize(input: string): string | null {
  const mimeType = parseMimeType(input);
  return mimeType === null ? null : serializeMimeType(mimeType);
}

test('parse and serialize', () => {
  const cases: [string, string | null][] = [
    ['text/HTML', 'text/html'],
    [' text/html ; Charset=UTF-8 ', 'text/html;charset=UTF-8'],
    ['text/html;charset="a b"', 'text/html;charset="a b"'],
    ['text/html;charset="a\\"b', 'text/html;charset="a\\"b"'],
    ['text/html;charset="a\\', 'text/html;charset="a\\\\"'],
    ['text/html;charset="";x=y', 'text/html;charset="";x=y'],
    ['text/html;charset=;x=y', 'text/html;x=y'],
    ['text/html;a=1;A=2;=3;;b', 'text/html;a=1'],
    ['text/html;charset="x"ignored;y=1', 'text/html;charset=x;y=1'],
    ['text/html;charset= x', 'text/html;charset=" x"'],
    ['text', null],
    ['text/', null],
    ['/html', null],
    ['te xt/html', null],
    ['text/ht ml', null],
    ['text/html;\u0100=x;y=z', 'text/html;y=z'],
  ];
  for (const [input, expected] of cases) assert.equal(normalize(input), expected, input);
});

test('extract takes the last that is usable and keeps the charset of the same essence', () => {
  const extract = (combined: string | null): string | null => {
    const mimeType = extractMimeType(combined);
    return mimeType === null ? null : serializeMimeType(mimeType);
  };
  assert.equal(extract(null), null);
  assert.equal(extract('text/plain;charset=gbk, text/html'), 'text/html');
  assert.equal(extract('text/html;charset=gbk;a=b, text/html;x=y'), 'text/html;x=y;charset=gbk');
  assert.equal(extract('text/html;charset=gbk, */*'), 'text/html;charset=gbk');
  assert.equal(extract('text/html;a=",", cannot-parse'), 'text/html;a=","');
  assert.equal(extract('text/html;a="unclosed, text/plain'), 'text/html;a="unclosed, text/plain"');
});
