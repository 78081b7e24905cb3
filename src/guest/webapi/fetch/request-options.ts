/**
 * The members of RequestInit that describe what a browser does with a request. They are checked and shown as the standard says; nothing
 * here acts on them.
 */
import { URL } from '../url/index.ts';
import { toEnum } from '../webidl.ts';

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

/** An option as Web IDL converts it. */
export function toOption(name: keyof typeof enumerations): (value: unknown) => string {
  return (value) => toEnum<string>(value, enumerations[name], `RequestInit.${name}`);
}

/** As converted; undefined when absent. */
export type GivenOptions = { readonly [K in 'cache' | 'credentials' | 'integrity' | 'mode' | 'referrer' | 'referrerPolicy']: string | undefined } & {
  readonly keepalive: boolean | undefined;
};

/** Throws a TypeError for values that don't go together. */
export function mergeOptions(base: RequestOptions, given: GivenOptions): RequestOptions {
  const merged = {
    ...base,
    cache: given.cache ?? base.cache,
    credentials: given.credentials ?? base.credentials,
    mode: given.mode ?? base.mode,
    referrerPolicy: given.referrerPolicy ?? base.referrerPolicy,
    integrity: given.integrity ?? base.integrity,
    referrer: given.referrer === undefined ? base.referrer : toReferrer(given.referrer),
    keepalive: given.keepalive ?? base.keepalive,
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
