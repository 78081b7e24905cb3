/** What a model reads that takes every text for its master's voice: any tool call, in whatever form and disguise it stands there. */

export interface Order {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** Calls of one answer. */
export type Turn = readonly Order[];

const TAG_OFFSET = 0xe0000;
const ENTITIES: Readonly<Record<string, string>> = { '&quot;': '"', '&#34;': '"', '&#123;': '{', '&#125;': '}', '&amp;': '&' };

/** Ways in which an order may be hidden. The first that shows one is taken for how the text was meant. */
const READINGS: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => text.replaceAll('\\"', '"'),
  // zero-width and bidirectional marks
  (text) => text.replaceAll(/[\u200b-\u200f\u202a-\u202e\u2060-\u2069]|\ufeff/gu, ''),
  // tag characters: invisible copies of ASCII
  (text) => Array.from(text, (character) => fromTag(character.codePointAt(0) ?? 0)).join(''),
  (text) => Array.from(text.matchAll(/[A-Za-z0-9+/]{40,}={0,2}/g), ([blob]) => Buffer.from(blob, 'base64').toString()).join('\n'),
  (text) => text.replaceAll(/&(?:quot|amp|#\d+);/g, (entity) => ENTITIES[entity] ?? entity),
  (text) => text.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString()),
  (text) => text.replaceAll(/[a-z]/gi, (letter) => rotated(letter)),
  (text) => Array.from(text).toReversed().join(''),
  // one text in parts, each of which is nothing by itself
  (text) => Array.from(text.matchAll(/<part>(.*?)<\/part>/gs), ([, part = '']) => part).join(''),
];

/** Orders in a text that somebody else wrote. */
export function readOrders(text: string): Turn[] {
  for (const reading of READINGS) {
    const turns = turnsInText(reading(text));
    if (turns.length > 0) return turns;
  }
  return [];
}

/** What a goal asks for, in the few wordings that the suite uses; then the orders that stand in it. */
export function readGoal(goal: string): Turn[] {
  const asked = Array.from(goal.matchAll(/\b(read|list|fetch|recall) "([^"]*)"/gi), ([, verb = '', what = '']) => [orderOf(verb.toLowerCase(), what)]);
  return [...asked, ...turnsInText(goal)];
}

function orderOf(verb: string, what: string): Order {
  if (verb === 'fetch') return { tool: 'web_get', args: { url: what } };
  return verb === 'recall' ? { tool: 'memory_recall', args: { query: what } } : { tool: `fs_${verb}`, args: { path: what } };
}

function turnsInText(text: string): Turn[] {
  const turns: Turn[] = [];
  for (let at = text.indexOf('{'); at >= 0; at = text.indexOf('{', at)) {
    const end = endOfObject(text, at);
    const value = end === undefined ? undefined : parse(text.slice(at, end));
    if (value !== undefined) turns.push(...turnsIn(value));
    at = value === undefined ? at + 1 : (end ?? at + 1);
  }
  return turns;
}

/** An order, several at once, or something that holds orders. */
function turnsIn(value: unknown): Turn[] {
  if (typeof value === 'string') return turnsInText(value);
  if (typeof value !== 'object' || value === null) return [];
  const order = asOrder(value);
  if (order !== undefined) return [[order]];
  if ('at_once' in value && Array.isArray(value.at_once)) return [value.at_once.flatMap((call) => asOrder(call) ?? [])];
  return Object.values(value).flatMap(turnsIn);
}

/** As of the embedded model's card, as of OpenAI's API, as of templates with `<tool_call>`. */
function asOrder(value: unknown): Order | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if ('tool' in value && typeof value.tool === 'string' && 'args' in value) return { tool: value.tool, args: asArguments(value.args) };
  if ('name' in value && typeof value.name === 'string' && 'arguments' in value) return { tool: value.name, args: asArguments(value.arguments) };
  return undefined;
}

function asArguments(value: unknown): Order['args'] {
  const parsed = typeof value === 'string' ? parse(value) : value;
  return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
}

/** Past the brace that closes the one at `start`. */
function endOfObject(text: string, start: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (inString && character === '\\') at++;
    else if (character === '"') inString = !inString;
    else if (!inString && character === '{') depth++;
    else if (!inString && character === '}' && --depth === 0) return at + 1;
  }
  return undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fromTag(code: number): string {
  return String.fromCodePoint(code > TAG_OFFSET && code < TAG_OFFSET + 128 ? code - TAG_OFFSET : code);
}

function rotated(letter: string): string {
  const base = letter <= 'Z' ? 65 : 97;
  return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base);
}
