/** https://urlpattern.spec.whatwg.org/#urlpattern-class */
import { isObject, toDictionary, toUSVString } from '../../webidl.ts';
import { compilePattern, matchPattern, type Pattern, type PatternInput, type PatternResult } from './pattern.ts';

export class URLPattern {
  readonly #pattern: Pattern;

  /** `(input, baseURL, options)` or `(input, options)` */
  constructor(input: unknown = undefined, second: unknown = undefined, third: unknown = undefined) {
    const hasBase = arguments.length > 2 || !(second === undefined || second === null || isObject(second));
    const pattern = toInput(input);
    const baseURL = hasBase ? toUSVString(second) : undefined;
    const { ignoreCase } = toDictionary(hasBase ? third : second, 'URLPatternOptions');
    this.#pattern = compilePattern(pattern, baseURL, Boolean(ignoreCase));
  }

  get protocol(): string {
    return this.#pattern.protocol.pattern;
  }

  get username(): string {
    return this.#pattern.username.pattern;
  }

  get password(): string {
    return this.#pattern.password.pattern;
  }

  get hostname(): string {
    return this.#pattern.hostname.pattern;
  }

  get port(): string {
    return this.#pattern.port.pattern;
  }

  get pathname(): string {
    return this.#pattern.pathname.pattern;
  }

  get search(): string {
    return this.#pattern.search.pattern;
  }

  get hash(): string {
    return this.#pattern.hash.pattern;
  }

  get hasRegExpGroups(): boolean {
    return Object.values(this.#pattern).some(({ hasRegExpGroups }) => hasRegExpGroups);
  }

  test(input: unknown = undefined, baseURL: unknown = undefined): boolean {
    const pattern = this.#pattern;
    return matchPattern(pattern, toInput(input), baseURL === undefined ? undefined : toUSVString(baseURL)) !== null;
  }

  exec(input: unknown = undefined, baseURL: unknown = undefined): PatternResult | null {
    const pattern = this.#pattern;
    return matchPattern(pattern, toInput(input), baseURL === undefined ? undefined : toUSVString(baseURL));
  }
}

const members = ['baseURL', 'hash', 'hostname', 'password', 'pathname', 'port', 'protocol', 'search', 'username'] as const;

/** `(USVString or URLPatternInit)`; members are read in the order of Web IDL. */
function toInput(value: unknown): PatternInput {
  if (!(value === undefined || value === null || isObject(value))) return toUSVString(value);
  const given = toDictionary(value, 'URLPatternInit');
  const init: Record<string, string> = {};
  for (const name of members) {
    const member = given[name];
    if (member !== undefined) init[name] = toUSVString(member);
  }
  return init;
}
