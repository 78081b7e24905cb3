/**
 * Globs over paths of agents, matched segment by segment in time proportional to glob × path, whatever either looks like: the path is a guest's word.
 *
 * `*` any characters of one name, `?` one, `[a-z]` `[!a-z]` one of a set, `{a,b}` either, `**` as a whole segment any number of folders,
 * and at the end everything in them; "data/" is "data/**".
 * A name that begins with a dot is matched only where the glob has the dot, or by a glob that takes away. Case counts; Unicode is compared in NFC.
 */
import { AGENT_LIMITS } from '../protocol/agent-limits.ts';

const LONE_SURROGATE = /\p{Surrogate}/u;

type NamePart = { readonly kind: 'character'; readonly character: string } | { readonly kind: 'one' } | { readonly kind: 'many' } | { readonly kind: 'set'; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] };

type Segment = 'any' | readonly NamePart[];

export interface Glob {
  /** as written, for messages */
  readonly text: string;
  /** what the braces stand for */
  readonly alternatives: readonly (readonly Segment[])[];
  /** whether wildcards stand for names that begin with a dot, too */
  readonly hidden: boolean;
}

/** Throws a SyntaxError that says what is wrong, as the rest of a sentence that begins with the glob's place. */
export function parseGlob(text: string, { hidden }: { readonly hidden: boolean } = { hidden: false }): Glob {
  if (text.length > AGENT_LIMITS.globCharactersMax) throw new SyntaxError(`must have at most ${AGENT_LIMITS.globCharactersMax} characters`);
  checkSpelling(text);
  return { text, alternatives: expandBraces(text.normalize('NFC')).map(parseAlternative), hidden };
}

/** `path`: names between slashes, none of them empty, `.` or `..`; '' is the folder that globs are relative to. */
export function matchesGlob(glob: Glob, path: string): boolean {
  // a glob also grants the file that is called like it: names with brackets are common
  if (glob.text === path) return true;
  const names = namesOf(path);
  return glob.alternatives.some((segments) => liveAfter(segments, names, glob.hidden).has(segments.length));
}

/** Whether something below the folder `path` could match. */
export function matchesBelow(glob: Glob, path: string): boolean {
  const names = namesOf(path);
  return glob.alternatives.some((segments) => [...liveAfter(segments, names, glob.hidden)].some((position) => position < segments.length));
}

function checkSpelling(text: string): void {
  if (text === '') throw new SyntaxError('must not be empty');
  if (LONE_SURROGATE.test(text) || text.includes('\0')) throw new SyntaxError('must be valid text without NUL');
  if (text.includes('\\')) throw new SyntaxError('must not contain a backslash; separate folders by /');
  if (text.startsWith('/')) throw new SyntaxError("must be relative to the manifest's folder");
  if (/[?*+@!]\(/.test(text)) throw new SyntaxError('must not contain groups such as @(a|b); write {a,b}');
  if (text.includes('[[:')) throw new SyntaxError('must not contain character classes such as [[:alpha:]]; write [a-z]');
}

/** `a{b,c}` → `ab`, `ac`. Braces without a comma are characters, as in shells. */
function expandBraces(text: string): string[] {
  const found: string[] = [];
  const queue = [text];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const choices = firstChoice(next);
    if (choices === undefined) found.push(next);
    else queue.push(...choices);
    if (queue.length + found.length > AGENT_LIMITS.globAlternativesMax) throw new SyntaxError(`must stand for at most ${AGENT_LIMITS.globAlternativesMax} globs`);
  }
  return [...new Set(found)];
}

/** The first braces with a comma, each choice in their place; undefined when there are none. */
function firstChoice(text: string): string[] | undefined {
  for (let open = text.indexOf('{'); open !== -1; open = text.indexOf('{', open + 1)) {
    const cuts = cutsOf(text, open);
    if (cuts === undefined) throw new SyntaxError('has a { that is not closed');
    if (cuts.length > 2) return cuts.slice(1).map((cut, index) => text.slice(0, open) + text.slice((cuts[index] ?? 0) + 1, cut) + text.slice((cuts.at(-1) ?? 0) + 1));
    if (/^\{[^{}]*\.\.[^{}]*\}/.test(text.slice(open))) throw new SyntaxError('must not contain ranges such as {1..3}; write {1,2,3}');
  }
  return undefined;
}

/** Where the brace opens, its own commas, and where it closes. */
function cutsOf(text: string, open: number): number[] | undefined {
  const cuts = [open];
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === '{') depth++;
    else if (text[at] === ',' && depth === 1) cuts.push(at);
    else if (text[at] === '}' && --depth === 0) return [...cuts, at];
  }
  return undefined;
}

function parseAlternative(text: string): Segment[] {
  const names = text.split('/');
  if (names.length > AGENT_LIMITS.pathSegmentsMax) throw new SyntaxError(`must have at most ${AGENT_LIMITS.pathSegmentsMax} folders`);
  if (names.includes('..')) throw new SyntaxError('must not contain ..');
  if (names.at(-1) === '') names.splice(-1, 1, '**');
  if (names.at(-1) === '**') names.push('*');
  const plain = names.filter((name) => name !== '.' && name !== '');
  if (plain.length === 0) throw new SyntaxError("is the manifest's folder itself; write ** for everything in it");
  return plain.map((name) => (name === '**' ? 'any' : parseName(name)));
}

function parseName(name: string): NamePart[] {
  const parts: NamePart[] = [];
  const characters = [...name];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (character === '*') {
      if (parts.at(-1)?.kind !== 'many') parts.push({ kind: 'many' });
    } else if (character === '?') parts.push({ kind: 'one' });
    else if (character === '[') {
      const end = endOfSet(characters, at);
      parts.push(parseSet(characters.slice(at + 1, end)));
      at = end;
    } else parts.push({ kind: 'character', character });
  }
  return parts;
}

/** A `]` right after the opening, or after its negation, is a member of the set. */
function endOfSet(characters: readonly string[], open: number): number {
  const first = ['!', '^'].includes(characters[open + 1] ?? '') ? open + 2 : open + 1;
  const end = characters.indexOf(']', first + 1);
  if (end === -1) throw new SyntaxError('has a [ that is not closed');
  return end;
}

function parseSet(characters: readonly string[]): NamePart {
  const negated = ['!', '^'].includes(characters[0] ?? '');
  const members = negated ? characters.slice(1) : characters;
  const ranges: [string, string][] = [];
  for (let at = 0; at < members.length; at++) {
    const low = members[at] ?? '';
    const high = members[at + 1] === '-' ? members[at + 2] : undefined;
    if (high !== undefined && high < low) throw new SyntaxError(`has the empty range ${low}-${high}`);
    ranges.push([low, high ?? low]);
    if (high !== undefined) at += 2;
  }
  return { kind: 'set', negated, ranges };
}

function namesOf(path: string): readonly string[] {
  return path === '' ? [] : path.normalize('NFC').split('/');
}

/** The positions in the glob that can be reached with all names used up (Thompson's simulation). */
function liveAfter(segments: readonly Segment[], names: readonly string[], hidden: boolean): ReadonlySet<number> {
  let live = withSkipped(segments, [0]);
  for (const name of names) {
    const next: number[] = [];
    for (const position of live) {
      const segment = segments[position];
      if (segment === 'any') {
        if (hidden || !name.startsWith('.')) next.push(position);
      } else if (segment !== undefined && matchesName(segment, name, hidden)) next.push(position + 1);
    }
    live = withSkipped(segments, next);
  }
  return live;
}

/** `**` may stand for no folder at all. */
function withSkipped(segments: readonly Segment[], positions: readonly number[]): Set<number> {
  const live = new Set<number>();
  for (let position of positions) {
    live.add(position);
    while (segments[position] === 'any') live.add(++position);
  }
  return live;
}

function matchesName(parts: readonly NamePart[], name: string, hidden: boolean): boolean {
  const [first] = parts;
  if (!hidden && name.startsWith('.') && !(first?.kind === 'character' && first.character === '.')) return false;
  let live = new Set([0]);
  for (const character of name) {
    const next = new Set<number>();
    for (const position of withManySkipped(parts, live)) {
      const part = parts[position];
      if (part?.kind === 'many') next.add(position);
      else if (part !== undefined && matchesCharacter(part, character)) next.add(position + 1);
    }
    live = next;
  }
  return withManySkipped(parts, live).has(parts.length);
}

function withManySkipped(parts: readonly NamePart[], positions: ReadonlySet<number>): Set<number> {
  const live = new Set<number>();
  for (let position of positions) {
    live.add(position);
    while (parts[position]?.kind === 'many') live.add(++position);
  }
  return live;
}

function matchesCharacter(part: NamePart, character: string): boolean {
  switch (part.kind) {
    case 'character':
      return part.character === character;
    case 'set':
      return part.ranges.some(([low, high]) => low <= character && character <= high) !== part.negated;
    default:
      return true;
  }
}
