import { relative, sep } from 'node:path';
import picomatch from 'picomatch';
import type { ModuleRule } from '../../protocol/app.ts';

export type ModuleType = ModuleRule['type'];

/** What wrangler imports without any configuration (its `DEFAULT_MODULE_RULES`). */
const defaultRules: readonly ModuleRule[] = [
  { type: 'Text', globs: ['**/*.txt', '**/*.html', '**/*.sql'] },
  { type: 'Data', globs: ['**/*.bin'] },
  { type: 'CompiledWasm', globs: ['**/*.wasm'] },
];

/** How a file (absolute path) is imported, or undefined when its name decides. The app's own rules come first, then wrangler's defaults. */
export function moduleRules(folder: string, rules: readonly ModuleRule[]): (path: string) => ModuleType | undefined {
  const matchers = [...rules, ...defaultRules].map(({ type, globs }) => ({
    type,
    matches: picomatch(globs.map(withoutQuery), { dot: true }),
  }));
  return (path) => matchers.find(({ matches }) => matches(pathForGlobs(folder, path)))?.type;
}

/** `*.wasm?module` names the same files as `*.wasm`: the query is part of the import, not of the file. */
function withoutQuery(glob: string): string {
  return glob.replace(/\?module$/u, '').replace(/^\.\//u, '');
}

/** Files of packages above the folder are matched as if their `node_modules` stood in it. */
function pathForGlobs(folder: string, path: string): string {
  const own = relative(folder, path);
  const inside = own.startsWith('..') ? path.slice(path.lastIndexOf(`${sep}node_modules${sep}`) + 1) : own;
  return inside.split(sep).join('/');
}
