import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { parseMeta, withoutImports } from './parse-meta.ts';

/** One test file in one variant, with everything that its program is made of. */
export interface WptTest {
  /** path in the tree, `/` between folders, and the variant's query string */
  readonly id: string;
  readonly path: string;
  readonly variant: string;
  readonly title: string | undefined;
  readonly timeMsMax: number;
  /** in order, the test itself last */
  readonly scripts: readonly { readonly path: string; readonly source: string }[];
}

export interface FoundTests {
  readonly tests: readonly WptTest[];
  /** paths of files that need a page, frames or kinds of workers that servers have not */
  readonly pages: readonly string[];
}

const SCRIPT_TEST = /\.(any|window|worker)\.js$/;
const PAGE_TEST = /\.(html|htm|xht|xhtml|svg)$/;
const NO_TEST = /(^|\/)(resources|support|crashtests|META|tools)\//;
/** what a test for windows only touches when it means the page and not just any global object */
const NEEDS_PAGE = /\bdocument\b|\biframe\b|\bwindow\.open|XMLHttpRequest|\bnew (Shared)?Worker\(|serviceWorker|\bframes\b|postMessage\(|\bfetch_tests_from_/;
/** as wptserve does */
const REWRITTEN: Readonly<Record<string, string>> = { 'resources/WebIDLParser.js': 'resources/webidl2/lib/webidl2.js' };
/** three times and twice what browsers get: machines that test are busy */
const TIME_MS_MAX = 30_000;
const LONG_TIME_MS_MAX = 120_000;

/** Tests below `folders` (or files) of the tree at `root`. */
export function findTests(root: string, folders: readonly string[]): FoundTests {
  const paths = folders.flatMap((folder) => filesOf(root, folder));
  const tests: WptTest[] = [];
  const pages: string[] = [];
  for (const path of paths) {
    if (NO_TEST.test(path)) continue;
    if (PAGE_TEST.test(path)) {
      if (isTestPage(root, path)) pages.push(path);
    } else if (SCRIPT_TEST.test(path)) {
      const variants = testsOf(root, path);
      tests.push(...variants);
      if (variants.length === 0) pages.push(path);
    }
  }
  return { tests, pages };
}

function filesOf(root: string, folder: string): string[] {
  if (statSync(join(root, folder)).isFile()) return [folder];
  return globSync('**/*.*', { cwd: join(root, folder), withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .toSorted();
}

function isTestPage(root: string, path: string): boolean {
  return readFileSync(join(root, path), 'latin1').includes('testharness.js');
}

function testsOf(root: string, path: string): WptTest[] {
  const source = readFileSync(join(root, path), 'utf8');
  const meta = parseMeta(source);
  const scripts = meta.scripts.map((script) => {
    const written = script.startsWith('/') ? script.slice(1) : posix.join(posix.dirname(path), script);
    return REWRITTEN[written] ?? written;
  });
  const runsInWorkers = !path.endsWith('.window.js') && meta.globals.some((name) => name.endsWith('worker') || name.startsWith('shadowrealm'));
  if (!runsInWorkers && NEEDS_PAGE.test(source)) return [];
  // part of the tree only was checked out, or the script is written by the server
  if (!scripts.every((script) => existsSync(join(root, script)))) return [];
  return meta.variants.map((variant) => ({
    id: `${path}${variant}`,
    path,
    variant,
    title: meta.title,
    timeMsMax: meta.isLong ? LONG_TIME_MS_MAX : TIME_MS_MAX,
    scripts: [...scripts.map((script) => ({ path: script, source: readFileSync(join(root, script), 'utf8') })), { path, source: withoutImports(source) }],
  }));
}

/** The folder that a score is given for: that of the command line which a path lies in. */
export function scoreFolder(path: string, folders: readonly string[]): string {
  return folders.find((folder) => path === folder || path.startsWith(`${folder}/`)) ?? dirname(path);
}
