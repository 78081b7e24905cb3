/** https://urlpattern.spec.whatwg.org/#component and what is generated for one */
import { type Encode, escapeRegexp, fullWildcard, parsePattern, type Part, type PatternOptions, segmentWildcard } from './parse-pattern.ts';
import { isNameCodePoint } from './tokenize.ts';

export interface Component {
  /** normalised */
  readonly pattern: string;
  readonly regexp: RegExp;
  readonly names: readonly string[];
  readonly hasRegExpGroups: boolean;
}

/** Throws a TypeError when `input` is no pattern. */
export function compileComponent(input: string, encode: Encode, options: PatternOptions, ignoreCase = false): Component {
  const parts = parsePattern(input, options, encode);
  return {
    pattern: patternOf(parts, options),
    regexp: compileRegexp(regexpOf(parts, options), ignoreCase),
    names: parts.flatMap(({ type, name }) => (type === 'fixed-text' ? [] : [name])),
    hasRegExpGroups: parts.some(({ type }) => type === 'regexp'),
  };
}

function compileRegexp(source: string, ignoreCase: boolean): RegExp {
  try {
    return new RegExp(source, ignoreCase ? 'vi' : 'v');
  } catch {
    throw new TypeError(`URLPattern: ${source} is not a regular expression`);
  }
}

/** https://urlpattern.spec.whatwg.org/#generate-a-regular-expression-and-name-list */
function regexpOf(parts: readonly Part[], options: PatternOptions): string {
  return `^${parts.map((part) => regexpOfPart(part, options)).join('')}$`;
}

function regexpOfPart({ type, value, modifier, prefix, suffix }: Part, options: PatternOptions): string {
  if (type === 'fixed-text') return modifier === '' ? escapeRegexp(value) : `(?:${escapeRegexp(value)})${modifier}`;
  const matcher = type === 'segment-wildcard' ? segmentWildcard(options) : type === 'full-wildcard' ? fullWildcard : value;
  const repeats = modifier === '*' || modifier === '+';
  if (prefix === '' && suffix === '') return repeats ? `((?:${matcher})${modifier})` : `(${matcher})${modifier}`;
  const [before, behind] = [escapeRegexp(prefix), escapeRegexp(suffix)];
  if (!repeats) return `(?:${before}(${matcher})${behind})${modifier}`;
  return `(?:${before}((?:${matcher})(?:${behind}${before}(?:${matcher}))*)${behind})${modifier === '*' ? '?' : ''}`;
}

function escapePattern(text: string): string {
  return text.replace(/[+*?:{}()\\]/g, '\\$&');
}

/** https://urlpattern.spec.whatwg.org/#generate-a-pattern-string */
function patternOf(parts: readonly Part[], options: PatternOptions): string {
  return parts.map((part, index) => patternOfPart(part, parts[index - 1], parts[index + 1], options)).join('');
}

function patternOfPart(part: Part, previous: Part | undefined, next: Part | undefined, options: PatternOptions): string {
  const { type, value, modifier, name, prefix, suffix } = part;
  if (type === 'fixed-text') return modifier === '' ? escapePattern(value) : `{${escapePattern(value)}}${modifier}`;
  const isNamed = !/^[0-9]/.test(name);
  const isGrouped = needsGrouping(part, isNamed, previous, next, options);
  let text = escapePattern(prefix);
  if (isNamed) text += `:${name}`;
  if (type === 'regexp') text += `(${value})`;
  else if (type === 'segment-wildcard' && !isNamed) text += `(${segmentWildcard(options)})`;
  else if (type === 'full-wildcard') {
    const isPlain = !isNamed && (previous === undefined || previous.type === 'fixed-text' || previous.modifier !== '' || isGrouped || prefix !== '');
    text += isPlain ? '*' : `(${fullWildcard})`;
  }
  if (type === 'segment-wildcard' && isNamed && isNameCodePoint([...suffix][0], false)) text += '\\';
  text += escapePattern(suffix);
  return (isGrouped ? `{${text}}` : text) + modifier;
}

function needsGrouping({ type, modifier, prefix, suffix }: Part, isNamed: boolean, previous: Part | undefined, next: Part | undefined, options: PatternOptions): boolean {
  if (suffix !== '' || (prefix !== '' && prefix !== options.prefix)) return true;
  if (isNamed && type === 'segment-wildcard' && modifier === '' && next !== undefined && next.prefix === '' && next.suffix === '') {
    if (next.type === 'fixed-text' ? isNameCodePoint([...next.value][0], false) : /^[0-9]/.test(next.name)) return true;
  }
  return prefix === '' && previous?.type === 'fixed-text' && options.prefix !== '' && previous.value.endsWith(options.prefix);
}
