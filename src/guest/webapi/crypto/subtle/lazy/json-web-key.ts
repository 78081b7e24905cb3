/** https://w3c.github.io/webcrypto/#JsonWebKey-dictionary as Web IDL converts it: what it does not name is left out. */
import { toDictionary, toDOMString, toSequence } from '../../../webidl.ts';

export type JsonWebKey = Record<string, unknown>;

type Conversions = Readonly<Record<string, (value: unknown) => unknown>>;

const primeInfo: Conversions = { d: toDOMString, r: toDOMString, t: toDOMString };

/** In the order in which members are read. */
const members: Conversions = {
  alg: toDOMString,
  crv: toDOMString,
  d: toDOMString,
  dp: toDOMString,
  dq: toDOMString,
  e: toDOMString,
  ext: Boolean,
  k: toDOMString,
  key_ops: (value) => toSequence(value, toDOMString),
  kty: toDOMString,
  n: toDOMString,
  oth: (value) => toSequence(value, (prime) => convert(prime, primeInfo)),
  p: toDOMString,
  q: toDOMString,
  qi: toDOMString,
  use: toDOMString,
  x: toDOMString,
  y: toDOMString,
};

export function toJsonWebKey(value: unknown): JsonWebKey {
  return convert(value, members);
}

function convert(value: unknown, conversions: Conversions): JsonWebKey {
  const given = toDictionary(value, 'JsonWebKey');
  const converted: JsonWebKey = {};
  for (const [name, conversion] of Object.entries(conversions)) {
    const member = given[name];
    if (member !== undefined) converted[name] = conversion(member);
  }
  return converted;
}
