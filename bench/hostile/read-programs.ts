/** The hostile programs, as their files describe them. */
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const GROUPS = ['cpu', 'memory', 'boundary', 'prototype', 'promise', 'stream', 'wasm', 'network', 'parser', 'start-up', 'logs'] as const;
export type Group = (typeof GROUPS)[number];

/** What must not be passed while the program runs and shortly after, in one cell. */
export interface Bounds {
  readonly threads: number | undefined;
  /** resident memory that the cells grow by */
  readonly memoryMb: number | undefined;
  /** what the program puts into the host's log */
  readonly logKb: number | undefined;
}

export interface Program {
  /** also the app's name */
  readonly name: string;
  readonly group: Group;
  readonly source: string;
  /** text format of the WebAssembly module that it imports as `./<file>.wasm` */
  readonly module: { readonly file: string; readonly text: string } | undefined;
  readonly mechanism: string;
  /** of {@link DEFENCES} */
  readonly defence: string;
  /** the outcomes (see run/outcome.ts) with which it counts as contained */
  readonly contained: readonly string[];
  /** outcome that the last request must have */
  readonly lastOutcome: string | undefined;
  /** event of the host's log that must follow */
  readonly followedBy: string | undefined;
  /** event that must not be in the log */
  readonly forbidden: string | undefined;
  readonly bounds: Bounds;
  readonly client: 'reads' | 'never reads' | 'leaves';
  /** requests one after another */
  readonly repeats: number;
  /** of each request; undefined: a few */
  readonly bodyBytes: number | undefined;
  /** tenants with this program, all called at once */
  readonly copies: number;
  /** it takes the cell along, or measures it: nothing else runs meanwhile */
  readonly isAlone: boolean;
  /** documented: requests in flight in the cell that dies are lost, the victim's too */
  readonly aborts: boolean;
  /** the operator lets it reach the loopback interface, where the hostile origin listens */
  readonly mayReachOrigin: boolean;
  /** as in `tenants` of nanos.yaml */
  readonly limits: readonly (readonly [key: string, value: string])[];
  readonly onWorkerd: boolean;
}

const FOLDER = fileURLToPath(new URL('programs/', import.meta.url));
const KEYS = ['mechanism', 'defence', 'contained', 'last', 'then', 'forbidden', 'bound', 'client', 'repeats', 'body', 'copies', 'order', 'class', 'grant', 'limits', 'ballast', 'workerd'];
const BALLAST = '{{BALLAST}}';

/** Throws on a file that does not say what it must. */
export function readPrograms(): Program[] {
  const files = globSync('*/*.js', { cwd: FOLDER }).toSorted();
  return GROUPS.flatMap((group) => files.filter((file) => dirname(file) === group).map((file) => readProgram(group, file)));
}

function readProgram(group: Group, file: string): Program {
  const text = readFileSync(join(FOLDER, file), 'utf8');
  const said = headerOf(text, file);
  const need = (key: string): string => {
    const value = said.get(key);
    if (value === undefined) throw new Error(`${file} does not say its ${key}`);
    return value;
  };
  const bounds = new Map(pairs(said.get('bound')));
  const bound = (key: string): number | undefined => (bounds.has(key) ? Number(bounds.get(key)) : undefined);
  return {
    name: `${group}-${basename(file, '.js')}`,
    group,
    source: text.replace(BALLAST, 'b'.repeat(Number(said.get('ballast') ?? 0))),
    module: moduleOf(file),
    mechanism: need('mechanism'),
    defence: need('defence'),
    contained: need('contained').split('|'),
    lastOutcome: said.get('last'),
    followedBy: said.get('then'),
    forbidden: said.get('forbidden'),
    bounds: { threads: bound('threads'), memoryMb: bound('memory'), logKb: bound('log') },
    client: clientOf(said.get('client')),
    repeats: Number(said.get('repeats') ?? 1),
    bodyBytes: said.has('body') ? Number(said.get('body')) : undefined,
    copies: Number(said.get('copies') ?? 1),
    isAlone: said.get('order') === 'alone',
    aborts: said.get('class') === 'abort',
    mayReachOrigin: said.get('grant') === 'loopback',
    limits: pairs(said.get('limits')),
    onWorkerd: said.get('workerd') !== 'no',
  };
}

function headerOf(text: string, file: string): Map<string, string> {
  const said = new Map<string, string>();
  for (const line of text.split('\n')) {
    const { key, value } = /^\/\/ (?<key>[A-Z][a-z]+): (?<value>.+)$/u.exec(line)?.groups ?? {};
    if (key === undefined || value === undefined) break;
    if (!KEYS.includes(key.toLowerCase())) throw new Error(`${file} says ${key}, which nobody reads`);
    said.set(key.toLowerCase(), value);
  }
  return said;
}

/** `a 1 b 2` */
function pairs(text: string | undefined): [string, string][] {
  const words = text?.split(' ') ?? [];
  return words.flatMap((word, index): [string, string][] => (index % 2 === 0 ? [[word, words[index + 1] ?? '']] : []));
}

function clientOf(text: string | undefined): Program['client'] {
  return text === 'never reads' || text === 'leaves' ? text : 'reads';
}

function moduleOf(file: string): Program['module'] {
  const [found] = globSync(file.replace(/\.js$/u, '.wat'), { cwd: FOLDER });
  return found === undefined ? undefined : { file: basename(found).replace(/\.wat$/u, '.wasm'), text: readFileSync(join(FOLDER, found), 'utf8') };
}
