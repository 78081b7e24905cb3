/** https://urlpattern.spec.whatwg.org/#constructor-string-parsing */
import { canonicalizeProtocol } from './canonicalize.ts';
import { compileComponent } from './component.ts';
import { matchesSpecialScheme } from './special-scheme.ts';
import type { ComponentName, PatternInit } from './pattern-init.ts';
import { type Token, tokenize } from './tokenize.ts';

type State = 'init' | 'authority' | 'done' | ComponentName;

const beforePort: readonly State[] = ['protocol', 'authority', 'username', 'password'];
const beforeSearch: readonly State[] = [...beforePort, 'hostname', 'port'];
const beforeHash: readonly State[] = [...beforeSearch, 'pathname'];

export function parseConstructorString(input: string): PatternInit {
  return new ConstructorStringParser(input).parse();
}

class ConstructorStringParser {
  readonly #points: readonly string[];
  readonly #tokens: readonly Token[];
  readonly #result: PatternInit = {};
  #state: State = 'init';
  #start = 0;
  #at = 0;
  #increment = 1;
  #groupDepth = 0;
  #bracketDepth = 0;
  #isSpecial = false;

  constructor(input: string) {
    this.#points = [...input];
    this.#tokens = tokenize(this.#points, false);
  }

  parse(): PatternInit {
    while (this.#at < this.#tokens.length && this.#state !== 'done') {
      this.#increment = 1;
      this.#step();
      this.#at += this.#increment;
    }
    if (this.#result.hostname !== undefined && this.#result.port === undefined) this.#result.port = '';
    return this.#result;
  }

  #step(): void {
    const { type } = this.#token(this.#at);
    if (type === 'end') return this.#atEnd();
    if (type === 'open') {
      this.#groupDepth++;
      return;
    }
    if (this.#groupDepth > 0) {
      if (type !== 'close') return;
      this.#groupDepth--;
    }
    this.#inState();
  }

  #atEnd(): void {
    if (this.#state === 'init') {
      this.#rewind();
      if (this.#is('#')) this.#change('hash', 1);
      else if (this.#isSearchPrefix()) this.#change('search', 1);
      else this.#change('pathname', 0);
    } else if (this.#state === 'authority') this.#rewind('hostname');
    else this.#change('done', 0);
  }

  #inState(): void {
    switch (this.#state) {
      case 'init':
        if (this.#is(':')) this.#rewind('protocol');
        return;
      case 'protocol':
        if (this.#is(':')) this.#afterProtocol();
        return;
      case 'authority':
        if (this.#is('@')) this.#rewind('username');
        else if (this.#is('/') || this.#isSearchPrefix() || this.#is('#')) this.#rewind('hostname');
        return;
      case 'username':
        if (this.#is(':')) this.#change('password', 1);
        else if (this.#is('@')) this.#change('hostname', 1);
        return;
      case 'password':
        if (this.#is('@')) this.#change('hostname', 1);
        return;
      case 'hostname':
        if (this.#is('[')) this.#bracketDepth++;
        else if (this.#is(']')) this.#bracketDepth--;
        else if (this.#is(':') && this.#bracketDepth === 0) this.#change('port', 1);
        else this.#afterAuthority();
        return;
      case 'port':
        return this.#afterAuthority();
      case 'pathname':
        if (this.#isSearchPrefix()) this.#change('search', 1);
        else if (this.#is('#')) this.#change('hash', 1);
        return;
      case 'search':
        if (this.#is('#')) this.#change('hash', 1);
        return;
      default:
    }
  }

  #afterProtocol(): void {
    this.#isSpecial = matchesSpecialScheme(compileComponent(this.#componentText(), canonicalizeProtocol, { delimiter: '', prefix: '' }));
    if (this.#is('/', this.#at + 1) && this.#is('/', this.#at + 2)) this.#change('authority', 3);
    else this.#change(this.#isSpecial ? 'authority' : 'pathname', 1);
  }

  #afterAuthority(): void {
    if (this.#is('/')) this.#change('pathname', 0);
    else if (this.#isSearchPrefix()) this.#change('search', 1);
    else if (this.#is('#')) this.#change('hash', 1);
  }

  #change(next: State, skip: number): void {
    const state = this.#state;
    const result = this.#result;
    if (state !== 'init' && state !== 'authority' && state !== 'done') result[state] = this.#componentText();
    if (state !== 'init' && next !== 'done') {
      if (beforePort.includes(state) && ['port', 'pathname', 'search', 'hash'].includes(next)) result.hostname ??= '';
      if (beforeSearch.includes(state) && (next === 'search' || next === 'hash')) result.pathname ??= this.#isSpecial ? '/' : '';
      if (beforeHash.includes(state) && next === 'hash') result.search ??= '';
    }
    this.#state = next;
    this.#at += skip;
    this.#start = this.#at;
    this.#increment = 0;
  }

  #rewind(state: State = this.#state): void {
    this.#at = this.#start;
    this.#increment = 0;
    this.#state = state;
  }

  #token(index: number): Token {
    return this.#tokens[Math.min(index, this.#tokens.length - 1)]!;
  }

  #is(value: string, index = this.#at): boolean {
    const token = this.#token(index);
    return token.value === value && (token.type === 'char' || token.type === 'escaped-char' || token.type === 'invalid-char');
  }

  /** A question mark that is no modifier. */
  #isSearchPrefix(): boolean {
    if (this.#is('?')) return true;
    if (this.#token(this.#at).value !== '?' || this.#token(this.#at).type === 'end') return false;
    if (this.#at === 0) return true;
    return !['name', 'regexp', 'close', 'asterisk'].includes(this.#token(this.#at - 1).type);
  }

  #componentText(): string {
    return this.#points.slice(this.#token(this.#start).index, this.#token(this.#at).index).join('');
  }
}
