/** Values that the probe revives, as fast-check draws them. */
import { type Arbitrary, fc } from '../../../src/util/test-properties.ts';

/** JSON, or `{ $: kind, of }` as probe/revive.js reads it. */
export type Value = unknown;

const special = (kind: string, of: Arbitrary<unknown>): Arbitrary<Value> => of.map((inner) => ({ $: kind, of: inner }));

export const byteList = fc.array(fc.nat(255), { maxLength: 12 });
export const bytes = special('bytes', byteList);
export const missing: Arbitrary<Value> = fc.constant({ $: 'undefined' });

const HOSTILE_TEXTS = ['', ' ', '\0', '\r\n', '%', '%zz', '%ff', '\u{1f600}', 'ä', 'e\u0301', 'İ', '\u200d', '../', '//', '\\', '[', ']', '::', '@', '#', '?', '&=', 'a=b', '"', "'", ';', ',', 'null', '__proto__', '9007199254740993', '-0', '\ufeff', '\ufffd'];

export const text: Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.string({ unit: 'grapheme', maxLength: 5 }),
  fc.array(fc.constantFrom(...HOSTILE_TEXTS), { maxLength: 3 }).map((parts) => parts.join('')),
);
const loneSurrogates = special('text', fc.array(fc.constantFrom(0xd800, 0xdc00, 0x61, 0xdfff, 0xfeff), { minLength: 1, maxLength: 4 }));
export const anyText: Arbitrary<Value> = fc.oneof({ weight: 8, arbitrary: text }, { weight: 1, arbitrary: loneSurrogates });

const number = fc.oneof(fc.integer({ min: -3, max: 300 }), special('number', fc.constantFrom('NaN', 'Infinity', '-0', '1e21', '0.5', '-1', '4294967296')));

/** Whatever is not what a function expects. */
export const odd: Arbitrary<Value> = fc.oneof(
  fc.constant(null),
  missing,
  fc.boolean(),
  number,
  fc.constant([]),
  fc.constant({}),
  fc.constantFrom({ $: 'symbol' }, { $: 'function' }, { $: 'trap' }, { $: 'bigint', of: '7' }, { $: 'date', of: 0 }, { $: 'cycle' }),
);

/** Mostly `expected`, now and then something odd. */
export const mostly = (expected: Arbitrary<Value>): Arbitrary<Value> => fc.oneof({ weight: 9, arbitrary: expected }, { weight: 1, arbitrary: odd });

export const blob = fc.tuple(fc.array(fc.oneof(text, bytes), { maxLength: 3 }), fc.oneof(fc.constant({}), fc.record({ type: fc.constantFrom('text/plain', 'TEXT/HTML', 'a/b;c=d', 'ä', '') }))).map((of) => ({ $: 'blob', of }));
export const form = special('form', fc.array(fc.oneof(fc.tuple(text, text), fc.tuple(text, blob), fc.tuple(text, blob, text)), { maxLength: 3 }));
export const stream = special('stream', fc.tuple(fc.array(fc.oneof({ weight: 6, arbitrary: bytes }, { weight: 1, arbitrary: text }), { maxLength: 3 }), fc.constantFrom('close', 'close', 'error')));
export const body: Arbitrary<Value> = fc.oneof(text, bytes, special('buffer', byteList), blob, form, stream, fc.constant(null), missing);

export const headerName = fc.oneof(fc.constantFrom('a', 'A', 'content-type', 'Set-Cookie', 'x-b', 'accept', 'cookie', 'vary', 'content-length', 'date'), text);
export const headerValue = fc.oneof(fc.constantFrom('', 'b', ' c ', 'text/html; charset=utf-8', 'application/json', 'a, b', '\tq', 'ÿ', 'Ā', 'x\ny', 'x\0y'), text);
export const headersInit: Arbitrary<Value> = fc.oneof(fc.array(fc.tuple(headerName, headerValue), { maxLength: 4 }), fc.dictionary(headerName, headerValue, { maxKeys: 4, noNullPrototype: true }), fc.array(fc.array(headerName, { maxLength: 3 }), { maxLength: 2 }));

const cloneableLeaf: Arbitrary<Value> = fc.oneof(text, number, fc.boolean(), fc.constant(null), missing, bytes, fc.constantFrom({ $: 'date', of: 86400000 }, { $: 'bigint', of: '-9' }, { $: 'regexp', of: ['a+', 'gi'] }, { $: 'error', of: ['RangeError', 'm'] }, { $: 'cycle' }, { $: 'function' }, { $: 'symbol' }));
export const cloneable: Arbitrary<Value> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    cloneableLeaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', '0'), tie('value'), { maxKeys: 3, noNullPrototype: true }),
    special('map', fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 2 })),
    special('set', fc.array(tie('value'), { maxLength: 2 })),
  ),
})).value;
