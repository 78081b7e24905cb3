import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../util/test-properties.ts';
import { Blob } from '../file-api/index.ts';
import { FormData, formDataEntries, parseMultipart, serializeMultipart } from './index.ts';
import { MULTIPART_HEAD_BYTES_MAX, MULTIPART_PARTS_MAX } from './lazy/multipart-parse.ts';

const NodeResponse = globalThis.Response;

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text));
}

function parse(text: string, boundary = 'x'): [string, unknown][] {
  return [...parseMultipart(bytes(text), boundary)].map(([name, value]) => [name, typeof value === 'string' ? value : [value.name, value.type, value.size]]);
}

const part = (head: string, content = 'v'): string => `--x\r\n${head}\r\n\r\n${content}\r\n`;
const named = 'Content-Disposition: form-data; name="a"';
const end = '--x--\r\n';

test('what is written is read back, here and by Node', async () => {
  // Without the percent sign, which the format can't escape, and the byte order mark, which Blob.text drops.
  const word = fc.string({ unit: 'binary', maxLength: 8 }).map((text) => text.toWellFormed().replace(/[%\ufeff]/g, ''));
  const entry = fc.tuple(word, word, fc.option(word));
  const headers = { 'content-type': 'multipart/form-data; boundary=boundary-that-nobody-uses' };
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 5 }), async (entries) => {
      const form = new FormData();
      for (const [name, value, filename] of entries) {
        if (filename === null) form.append(name, value);
        else form.append(name, new Blob([value]), filename);
      }
      const written = serializeMultipart(formDataEntries(form), 'boundary-that-nobody-uses');
      const ours: unknown[] = [];
      for (const [name, value] of parseMultipart(written, 'boundary-that-nobody-uses')) {
        ours.push(typeof value === 'string' ? [name, value] : [name, await value.text(), value.name]);
      }
      const expected = entries.map(([name, value, filename]) => (filename === null ? [crlf(name), crlf(value)] : [crlf(name), value, filename]));
      assert.deepEqual(ours, expected);
      const theirs = await new NodeResponse(written, { headers }).formData();
      assert.deepEqual([...theirs.keys()], expected.map(([name]) => name));
    }),
    { numRuns: 60 },
  );
});

function crlf(text: string): string {
  return text.replace(/\r\n?|\n/g, '\r\n');
}

test('names and file names can not break out of their quotes', () => {
  const form = new FormData();
  form.append('a"\r\nX: y', new Blob(['']), '"; name="b"\r\n');
  const text = new TextDecoder().decode(serializeMultipart(formDataEntries(form), 'x'));
  assert.equal(text, '--x\r\nContent-Disposition: form-data; name="a%22%0D%0AX: y"; filename="%22; name=%22b%22%0D%0A"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--x--\r\n');
  assert.deepEqual(parse(text), [['a"\r\nX: y', ['"; name="b"\r\n', 'application/octet-stream', 0]]]);
});

test('accepted', () => {
  assert.deepEqual(parse(end), []);
  assert.deepEqual(parse('--x--'), []);
  assert.deepEqual(parse(`\r\n${part(named)}${end}\r\n`), [['a', 'v']]);
  assert.deepEqual(parse(part(named, '') + end), [['a', '']]);
  assert.deepEqual(parse(part(named, '--x\r\n\r--x\n--x') + end), [['a', '--x\r\n\r--x\n--x']]);
  assert.deepEqual(parse(part(`x-y: z\r\ncontent-DISPOSITION:Form-Data;NAME=a ;filename="f" \r\nContent-Type:\ta/b`) + end), [['a', ['f', 'a/b', 1]]]);
  assert.deepEqual(parse(part(`${named}; filename=""`) + end), [['a', ['', 'text/plain', 1]]]);
  assert.deepEqual(parse(part('Content-Disposition: form-data; name="é;=%22"') + end), [['é;="', 'v']]);
});

test('refused', () => {
  const bad: Record<string, string> = {
    empty: '',
    'no boundary': 'hello',
    'other boundary': part(named).replaceAll('--x', '--y') + end,
    preamble: `preamble\r\n${part(named)}${end}`,
    epilogue: `${part(named)}${end}epilogue`,
    'no end': part(named),
    'cut in the content': '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nv',
    'cut in the head': '--x\r\nContent-Disposition: form-data; name="a"\r\n',
    'cut in a header': '--x\r\nContent-Dispo',
    'boundary with a tail': `--xy\r\n${named}\r\n\r\nv\r\n${end}`,
    'no name': part('Content-Disposition: form-data') + end,
    'no disposition': part('Content-Type: text/plain') + end,
    'other disposition': part('Content-Disposition: attachment; name="a"') + end,
    'header without colon': part(`${named}\r\nbroken`) + end,
    'header with bad name': part(`${named}\r\na b: c`) + end,
    'unclosed quote': part('Content-Disposition: form-data; name="a') + end,
    'text after the quote': part('Content-Disposition: form-data; name="a"b') + end,
    'name twice': part('Content-Disposition: form-data; name="a"; name="b"') + end,
    'bare line feeds': part(named).replaceAll('\r\n', '\n') + end,
  };
  for (const [why, text] of Object.entries(bad)) assert.throws(() => parse(text), TypeError, why);
});

test('boundaries follow RFC 2046', () => {
  for (const bad of ['', ' ', 'a ', 'a\r\n', 'ä', 'x'.repeat(71), '"', '\\']) assert.throws(() => parse(`--${bad}--\r\n`, bad), /boundary/);
  for (const good of ["0aZ'()+_,-./:=?", 'a b', 'x'.repeat(70)]) assert.deepEqual(parse(`--${good}--\r\n`, good), []);
});

test('parts and their heads are bounded', () => {
  assert.equal(parse(part(named).repeat(MULTIPART_PARTS_MAX) + end).length, MULTIPART_PARTS_MAX);
  assert.throws(() => parse(part(named).repeat(MULTIPART_PARTS_MAX + 1) + end), /parts/);
  const filler = MULTIPART_HEAD_BYTES_MAX - `${named}\r\nx: \r\n\r\n`.length;
  assert.equal(parse(part(`${named}\r\nx: ${' '.repeat(filler)}`) + end).length, 1);
  assert.throws(() => parse(part(`${named}\r\nx: ${' '.repeat(filler + 1)}`) + end), /bytes of headers/);
});
