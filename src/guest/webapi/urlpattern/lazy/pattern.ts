/** https://urlpattern.spec.whatwg.org/#high-level-operations */
import { parseUrl } from '../../url/url-parser.ts';
import { defaultPort, type UrlRecord } from '../../url/url-record.ts';
import {
  canonicalizeDomain,
  canonicalizeHash,
  canonicalizeIpv6,
  canonicalizeOpaqueHost,
  canonicalizeOpaquePathname,
  canonicalizePathname,
  canonicalizePatternPort,
  canonicalizeProtocol,
  canonicalizeSearch,
  canonicalizeUserinfo,
} from './canonicalize.ts';
import { compileComponent, type Component } from './component.ts';
import { parseConstructorString } from './parse-constructor-string.ts';
import type { Encode } from './parse-pattern.ts';
import { type ComponentName, componentNames, type Components, type PatternInit, processInit } from './pattern-init.ts';
import { matchesSpecialScheme } from './special-scheme.ts';

export type Pattern = Readonly<Record<ComponentName, Component>>;
export type PatternInput = string | PatternInit;

const plain = { delimiter: '', prefix: '' };
const hostnameOptions = { delimiter: '.', prefix: '' };
const pathnameOptions = { delimiter: '/', prefix: '/' };

/** Throws a TypeError when `input` is no pattern. */
export function compilePattern(input: PatternInput, baseURL: string | undefined, ignoreCase: boolean): Pattern {
  const given = processInit(initOf(input, baseURL), 'pattern');
  const texts = Object.fromEntries(componentNames.map((name) => [name, given[name] ?? '*'])) as Required<Components>;
  if (typeof defaultPort(texts.protocol) === 'number' && texts.port === String(defaultPort(texts.protocol))) texts.port = '';
  const compile = (name: ComponentName, encode: Encode): Component => compileComponent(texts[name], encode, plain);
  const protocol = compile('protocol', canonicalizeProtocol);
  const isSpecial = matchesSpecialScheme(protocol);
  return {
    protocol,
    username: compile('username', canonicalizeUserinfo),
    password: compile('password', canonicalizeUserinfo),
    hostname: compileComponent(texts.hostname, hostnameEncoder(texts.hostname, isSpecial), hostnameOptions),
    port: compile('port', canonicalizePatternPort),
    pathname: isSpecial
      ? compileComponent(texts.pathname, canonicalizePathname, pathnameOptions, ignoreCase)
      : compileComponent(texts.pathname, canonicalizeOpaquePathname, plain, ignoreCase),
    search: compileComponent(texts.search, canonicalizeSearch, plain, ignoreCase),
    hash: compileComponent(texts.hash, canonicalizeHash, plain, ignoreCase),
  };
}

function initOf(input: PatternInput, baseURL: string | undefined): PatternInit {
  if (typeof input !== 'string') {
    if (baseURL !== undefined) throw new TypeError('URLPattern: a base goes with a pattern that is a string; else it is the member baseURL');
    return input;
  }
  const init = parseConstructorString(input);
  if (baseURL !== undefined) return { ...init, baseURL };
  if (init.protocol === undefined) throw new TypeError('URLPattern: a relative pattern needs a base URL');
  return init;
}

function hostnameEncoder(hostname: string, isSpecial: boolean): Encode {
  if (/^(?:\[|\{\[|\\\[)/.test(hostname) && hostname.length > 1) return canonicalizeIpv6;
  return isSpecial ? canonicalizeDomain : canonicalizeOpaqueHost;
}

export interface ComponentResult {
  input: string;
  groups: Record<string, string | undefined>;
}

export type PatternResult = { inputs: PatternInput[] } & Record<ComponentName, ComponentResult>;

/** https://urlpattern.spec.whatwg.org/#url-pattern-match; null when it doesn't match. Throws a TypeError for a base beside parts. */
export function matchPattern(pattern: Pattern, input: PatternInput, baseURL: string | undefined): PatternResult | null {
  if (typeof input !== 'string' && baseURL !== undefined) throw new TypeError('URLPattern: a base goes with a URL that is a string; else it is the member baseURL');
  const values = typeof input === 'string' ? partsOfUrl(input, baseURL) : partsOfInit(input);
  if (values === null) return null;
  const inputs = baseURL === undefined ? [input] : [input, baseURL];
  const results: [string, ComponentResult][] = [];
  for (const name of componentNames) {
    const value = values[name] ?? '';
    const match = pattern[name].regexp.exec(value);
    if (match === null) return null;
    results.push([name, { input: value, groups: Object.fromEntries(pattern[name].names.map((group, index) => [group, match[index + 1]])) }]);
  }
  return { inputs, ...Object.fromEntries(results) } as PatternResult;
}

function partsOfInit(init: PatternInit): Components | null {
  try {
    return processInit(init, 'url');
  } catch {
    return null;
  }
}

function partsOfUrl(input: string, baseURL: string | undefined): Components | null {
  const base = baseURL === undefined ? null : parseUrl(baseURL);
  if (baseURL !== undefined && base === null) return null;
  const url = parseUrl(input, base);
  return url === null ? null : partsOf(url);
}

function partsOf({ scheme, username, password, host, port, path, query, fragment }: UrlRecord): Components {
  return { protocol: scheme, username, password, hostname: host ?? '', port: port === null ? '' : String(port), pathname: path, search: query ?? '', hash: fragment ?? '' };
}
