import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import { fc } from '../../../../../util/test-properties.ts';

type Decoders = typeof TextDecoder;
type Options = ConstructorParameters<Decoders>[1];

const entry = fileURLToPath(new URL('../../install-encoding.ts', import.meta.url));
const contents = `import { installEncoding } from ${JSON.stringify(entry)}; installEncoding(globalThis.own = {});`;
const { outputFiles } = await build({ stdin: { contents, resolveDir: import.meta.dirname }, bundle: true, write: false, format: 'iife', platform: 'neutral', target: 'chrome124' });
const script = outputFiles[0]?.text ?? '';

/** As in an isolate: the bundle that is made for one, in an engine that has nothing but the language. */
function bareDecoders(globals: string = ''): { Decoder: Decoders; run(code: string): unknown } {
  const context = createContext({});
  const run = (code: string): unknown => runInContext(code, context);
  run(globals);
  run(script);
  return { Decoder: run('own.TextDecoder') as Decoders, run };
}

const { Decoder, run } = bareDecoders();
const BareBytes = run('Uint8Array') as typeof Uint8Array;
const names = ['gb18030', 'gbk', 'big5', 'euc-jp', 'iso-2022-jp', 'shift_jis', 'euc-kr'];

function decode(name: string, bytes: readonly number[], options?: Options): string {
  return new Decoder(name, options).decode(BareBytes.from(bytes));
}

/** Null for what is none, and for private use: where ICU puts characters that Unicode has had for long */
function oneCharacter(text: string): string | null {
  return /^[^\ufffd\ue000-\uf8ff]$/u.test(text) ? text : null;
}

const wholeTables = [
  { name: 'gb18030', before: [], lead: [0x81, 0xfe], agreeing: 21_785 },
  { name: 'gbk', before: [], lead: [0x81, 0xfe], agreeing: 21_785 },
  { name: 'big5', before: [], lead: [0xa1, 0xf8], agreeing: 13_000 },
  { name: 'euc-jp', before: [], lead: [0xa1, 0xfe], agreeing: 7_300 },
  { name: 'euc-jp', before: [0x8f], lead: [0xa1, 0xfe], agreeing: 6_067 },
  { name: 'iso-2022-jp', before: [0x1b, 0x24, 0x42], lead: [0x21, 0x7e], agreeing: 6_900 },
  { name: 'shift_jis', before: [], lead: [0x81, 0xfc], agreeing: 7_300 },
  { name: 'euc-kr', before: [], lead: [0x81, 0xfe], agreeing: 8_000 },
] as const;

for (const { name, before, lead, agreeing } of wholeTables) {
  test(`every character of ${name}${before.length > 0 ? ` after ${before.map((byte) => byte.toString(16)).join(' ')}` : ''}, as ICU has it`, () => {
    const [ours, peer] = [new Decoder(name), new TextDecoder(name)];
    let same = 0;
    for (let first: number = lead[0]; first <= lead[1]; first++) {
      for (let second = 0x21; second <= 0xfe; second++) {
        const bytes = [...before, first, second];
        const [our, their] = [oneCharacter(ours.decode(BareBytes.from(bytes))), oneCharacter(peer.decode(Uint8Array.from(bytes)))];
        if (our === null || their === null) continue;
        assert.equal(our, their, bytes.map((byte) => byte.toString(16)).join(' '));
        same++;
      }
    }
    assert.ok(same >= agreeing, `${same} agree`);
  });
}

/** What ICU does not have as the standard has it */
const cases: readonly (readonly [name: string, bytes: readonly number[], text: string])[] = [
  ['gb18030', [0x80, 0xff, 0x41], '€\ufffdA'],
  ['gb18030', [0x81, 0x35, 0xf4, 0x37, 0x90, 0x30, 0x81, 0x30, 0xe3, 0x32, 0x9a, 0x35], '\ue7c7\u{10000}\u{10ffff}'],
  ['gb18030', [0x81, 0x30, 0x81, 0x41], '\ufffd0丄'],
  ['gbk', [0xfe, 0x39, 0x39, 0x81], '\ufffd99\ufffd'],
  ['big5', [0x88, 0x62, 0x88, 0x64, 0x88, 0xa3, 0x88, 0xa5], 'Ê̄Ê̌ê̄ê̌'],
  ['big5', [0x87, 0x40, 0xa4, 0x40, 0xa4, 0x30], '䏰一\ufffd0'],
  ['euc-jp', [0x8e, 0xb1, 0x8f, 0xb0, 0xa1, 0xa4, 0x41], 'ｱ丂\ufffdA'],
  ['iso-2022-jp', [0x1b, 0x28, 0x4a, 0x5c, 0x7e, 0x1b, 0x28, 0x49, 0x31, 0x1b, 0x28, 0x42, 0x5c], '¥‾ｱ\\'],
  ['iso-2022-jp', [0x1b, 0x28, 0x42, 0x1b, 0x28, 0x42, 0x41, 0x1b, 0x24], '\ufffdA\ufffd$'],
  ['shift_jis', [0x80, 0xb1, 0xf0, 0x40, 0xf9, 0xfc, 0x81, 0x5c, 0x81, 0x22], '\u0080ｱ\ue000\ue757―\ufffd"'],
  ['euc-kr', [0x81, 0x41, 0xb0, 0xa1, 0xc7, 0x41, 0xff], '갂가\ufffdA\ufffd'],
];

for (const [name, bytes, text] of cases) {
  test(`${name}: ${bytes.map((byte) => byte.toString(16)).join(' ')}`, () => {
    assert.equal(decode(name, bytes), text);
    if (text.includes('\ufffd')) assert.throws(() => decode(name, bytes, { fatal: true }), { name: 'TypeError' });
    else assert.equal(decode(name, bytes, { fatal: true }), text);
  });
}

const interesting = fc.constantFrom(0x0e, 0x1b, 0x21, 0x24, 0x28, 0x30, 0x39, 0x3c, 0x40, 0x41, 0x42, 0x49, 0x4a, 0x5c, 0x7e, 0x7f, 0x80, 0x81, 0x88, 0x8e, 0x8f, 0xa0, 0xa1, 0xb0, 0xdf, 0xe0, 0xfc, 0xfe, 0xff);
const chunk = fc.array(fc.oneof(interesting, fc.integer({ min: 0, max: 255 })), { maxLength: 5 });

test('chunks give the same text as the whole, however they are cut, and fail when it is malformed', () => {
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.array(chunk), (name, chunks) => {
      const streamed = (options: Options): string => {
        const decoder = new Decoder(name, options);
        return chunks.map((bytes) => decoder.decode(BareBytes.from(bytes), { stream: true })).join('') + decoder.decode();
      };
      const whole = decode(name, chunks.flat());
      assert.equal(streamed({}), whole);
      if (whole.includes('\ufffd')) assert.throws(() => streamed({ fatal: true }), { name: 'TypeError' });
      else assert.equal(streamed({ fatal: true }), whole);
    }),
    { numRuns: 1000 },
  );
});

test('a decoder starts afresh after an end and after an error', () => {
  for (const name of names) {
    const decoder = new Decoder(name, { fatal: true });
    const unfinished = BareBytes.from(name === 'iso-2022-jp' ? [0x1b, 0x24, 0x42, 0x30] : [0xe1]);
    assert.throws(() => decoder.decode(unfinished), { name: 'TypeError' });
    assert.equal(decoder.decode(BareBytes.of(0x41, 0x42)), 'AB', name);
    assert.equal(decoder.decode(unfinished, { stream: true }), '');
    assert.throws(() => decoder.decode(), { name: 'TypeError' });
    assert.equal(decoder.decode(BareBytes.of(0x41, 0x42)), 'AB', name);
  }
});

test('long texts', () => {
  const nihon = Array.from({ length: 20_000 }, () => [0x93, 0xfa, 0x41]).flat();
  assert.equal(decode('shift_jis', nihon), '日A'.repeat(20_000));
  assert.equal(decode('shift_jis', Array.from({ length: 20_000 }, () => 0x41)), 'A'.repeat(20_000));
});

test('no byte order mark is taken off', () => {
  assert.equal(decode('gb18030', [0x84, 0x31, 0x95, 0x33, 0x41]), '\ufeffA');
});

test('globals that an app has made are not used, and stay', () => {
  const { Decoder: beside, run: runBeside } = bareDecoders(`
    globalThis.Buffer = { isBuffer: () => false };
    Object.defineProperty(globalThis, 'TextDecoder', { value: new Proxy(class {}, {}), configurable: true });
    Object.defineProperty(globalThis, 'TextEncoder', { get() { throw new Error('read'); }, configurable: true });`);
  const bytes = (runBeside('Uint8Array') as typeof Uint8Array).from([0x93, 0xfa]);
  assert.equal(new beside('shift_jis').decode(bytes), '日');
  assert.equal(runBeside('Buffer.isBuffer() === false && typeof TextDecoder === "function" && Object.getOwnPropertyDescriptor(globalThis, "TextEncoder").get !== undefined'), true);
});

test('labels', () => {
  const labels = { 'x-sjis': 'shift_jis', 'Windows-31J': 'shift_jis', ' GB2312\n': 'gbk', 'big5-hkscs': 'big5', 'x-euc-jp': 'euc-jp', 'csiso2022jp': 'iso-2022-jp', 'ks_c_5601-1987': 'euc-kr', 'GB18030': 'gb18030' };
  for (const [label, name] of Object.entries(labels)) assert.equal(new Decoder(label).encoding, name);
  for (const label of ['iso-2022-kr', 'hz-gb-2312', 'iso-2022-cn', 'replacement', 'gb 18030']) assert.throws(() => new Decoder(label), { name: 'RangeError' });
});
