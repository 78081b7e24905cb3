/** What esbuild's output in ESM format exports; the output is one of which this project knows the options. */

export interface SplitBundle {
  /** the code without its export clause */
  readonly body: string;
  /** exported name → name in the code */
  readonly exported: ReadonlyMap<string, string>;
}

const CLAUSE = /(?:^|\n)export \{\n(?<list>(?: {2}.+\n)*)\};\n*$/u;

export function splitExports(code: string): SplitBundle {
  const clause = CLAUSE.exec(code);
  if (clause === null) return { body: code.trimEnd(), exported: new Map() };
  const entries = (clause.groups?.['list'] ?? '').split('\n').filter((line) => line !== '');
  return { body: code.slice(0, clause.index).trimEnd(), exported: new Map(entries.map(parseEntry)) };
}

function parseEntry(line: string): [exported: string, local: string] {
  const [local = '', exported = local] = line.trim().replace(/,$/u, '').split(' as ');
  return [exported, local];
}

const STRINGS_AND_COMMENTS = /"(?:[^"\\\n]|\\.)*"|^ *\/\/ .*$/gmu;

/** Whether a name stands in the code more than once, other than as a property. */
export function isReferenced(body: string, name: string): boolean {
  const escaped = name.replaceAll('$', '\\$');
  return [...body.replaceAll(STRINGS_AND_COMMENTS, '').matchAll(new RegExp(`(?<![\\w$.])${escaped}(?![\\w$])`, 'gu'))].length > 1;
}
