/** https://fetch.spec.whatwg.org/#requestinit as Web IDL converts it. */
import type { RedirectMode } from '../../../protocol/fetch-call.ts';
import type { AbortSignal } from '../dom/index.ts';
import { isAbortSignal } from '../dom/index.ts';
import { toByteString, toDictionary, toDOMString, toEnum, toUSVString } from '../webidl.ts';
import { toBodyInit } from './body.ts';
import { type HeadersInit, toHeadersInit } from './header-list.ts';
import { type GivenOptions, toOption } from './request-options.ts';

export interface RequestInit extends GivenOptions {
  readonly body: unknown;
  readonly cf: unknown;
  readonly headers: HeadersInit | undefined;
  readonly method: string | undefined;
  readonly redirect: RedirectMode | undefined;
  readonly signal: AbortSignal | null | undefined;
  readonly window: unknown;
}

/** Reads members in their order, and converts each before it reads the next one. */
export function toRequestInit(value: unknown): RequestInit {
  const given = toDictionary(value, 'RequestInit');
  const read = <T>(name: string, convert: (member: unknown) => T): T | undefined => {
    const member = given[name];
    return member === undefined ? undefined : convert(member);
  };
  const body = read('body', (member) => (member === null ? null : toBodyInit(member)));
  const cache = read('cache', toOption('cache'));
  const cf = given['cf'];
  const credentials = read('credentials', toOption('credentials'));
  read('duplex', (member) => toEnum(member, ['half'], 'RequestInit.duplex'));
  const headers = read('headers', toHeadersInit);
  const integrity = read('integrity', toDOMString);
  const keepalive = read('keepalive', Boolean);
  const method = read('method', toByteString);
  const mode = read('mode', toOption('mode'));
  read('priority', (member) => toEnum(member, ['high', 'low', 'auto'], 'RequestInit.priority'));
  const redirect = read('redirect', (member) => toEnum(member, ['follow', 'manual', 'error'] as const, 'RequestInit.redirect'));
  const referrer = read('referrer', toUSVString);
  const referrerPolicy = read('referrerPolicy', toOption('referrerPolicy'));
  const signal = read('signal', toNullableSignal);
  return { body, cache, cf, credentials, headers, integrity, keepalive, method, mode, redirect, referrer, referrerPolicy, signal, window: given['window'] };
}

function toNullableSignal(value: unknown): AbortSignal | null {
  if (value !== null && !isAbortSignal(value)) throw new TypeError('RequestInit.signal is not an AbortSignal');
  return value;
}
