/**
 * The members of RequestInit that describe what a browser does with a request. They are checked and shown as the standard says; nothing
 * here acts on them.
 */
import { URL } from '../url/index.ts';
import { toDOMString, toEnum, toUSVString } from '../webidl.ts';

const enumerations = {
  cache: ['default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached'],
  credentials: ['same-origin', 'omit', 'include'],
  mode: ['cors', 'navigate', 'same-origin', 'no-cors'],
  referrerPolicy: [
    '',
    'no-referrer',
    'no-referrer-when-downgrade',
    'same-origin',
    'origin',
    'strict-origin',
    'origin-when-cross-origin',
    'strict-origin-when-cross-origin',
    'unsafe-url',
  ],
} as const;

type TextOption = keyof typeof enumerations | 'destination' | 'duplex' | 'integrity' | 'referrer';

export type RequestOptions = Readonly<Record<TextOption, string>> & { readonly keepalive: boolean; readonly isNavigation: false };

export const defaultOptions: RequestOptions = {
  destination: '',
  duplex: 'half',
  cache: 'default',
  credentials: 'same-origin',
  mode: 'cors',
  referrerPolicy: '',
  integrity: '',
  referrer: 'about:client',
  keepalive: false,
  isNavigation: false,
};

type GivenOptions = { readonly [K in Exclude<keyof RequestOptions, 'destination' | 'isNavigation'> | 'priority' | 'window']: unknown };

/** Throws a TypeError for a value that a member can't have. */
export function mergeOptions(base: RequestOptions, given: GivenOptions): RequestOptions {
  if (given.window !== undefined && given.window !== null) throw new TypeError('RequestInit.window can only be null');
  if (given.duplex !== undefined) toEnum(given.duplex, ['half'], 'RequestInit.duplex');
  if (given.priority !== undefined) toEnum(given.priority, ['high', 'low', 'auto'], 'RequestInit.priority');
  const choose = (name: keyof typeof enumerations): string =>
    given[name] === undefined ? base[name] : toEnum<string>(given[name], enumerations[name], `RequestInit.${name}`);
  const merged = {
    ...base,
    cache: choose('cache'),
    credentials: choose('credentials'),
    mode: choose('mode'),
    referrerPolicy: choose('referrerPolicy'),
    integrity: given.integrity === undefined ? base.integrity : toDOMString(given.integrity),
    referrer: given.referrer === undefined ? base.referrer : toReferrer(toUSVString(given.referrer)),
    keepalive: given.keepalive === undefined ? base.keepalive : Boolean(given.keepalive),
  };
  if (merged.mode === 'navigate') throw new TypeError('RequestInit.mode can not be navigate');
  if (merged.cache === 'only-if-cached' && merged.mode !== 'same-origin') throw new TypeError('RequestInit.cache only-if-cached goes with mode same-origin');
  return merged;
}

/** Without an origin of one's own every URL is cross-origin, which makes the referrer "client". */
function toReferrer(referrer: string): string {
  if (referrer === '') return '';
  if (!URL.canParse(referrer)) throw new TypeError('RequestInit.referrer is not a URL');
  return 'about:client';
}
