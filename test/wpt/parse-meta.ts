/** What a test file says of itself: https://web-platform-tests.org/writing-tests/testharness.html#multi-global-tests */

export interface TestMeta {
  /** where it runs: `window`, `worker`, `dedicatedworker`, `shadowrealm`, … */
  readonly globals: readonly string[];
  /** scripts it wants before itself, as written: absolute in the tree or relative to the file */
  readonly scripts: readonly string[];
  /** query strings, each a run of its own; one empty string when there are none */
  readonly variants: readonly string[];
  readonly title: string | undefined;
  readonly isLong: boolean;
}

/** Reads `// META: key=value` lines, and for workers the `importScripts` that name files. */
export function parseMeta(source: string): TestMeta {
  const values = (key: string): string[] => [...source.matchAll(new RegExp(`^// META: ${key}=(.*)$`, 'gm'))].map((match) => match[1]!.trim());
  const imported = [...source.matchAll(IMPORT_SCRIPTS)].flatMap((match) => [...match[1]!.matchAll(/["']([^"']+)["']/g)].map((name) => name[1]!));
  const globals = values('global').flatMap((list) => list.split(',').map((name) => name.trim()));
  const variants = values('variant');
  return {
    globals: globals.length > 0 ? globals : ['window', 'dedicatedworker'],
    scripts: [...imported, ...values('script')].filter((script) => !script.endsWith('/testharness.js') && !script.endsWith('/testharnessreport.js')),
    variants: variants.length > 0 ? variants : [''],
    title: values('title')[0],
    isLong: values('timeout').includes('long'),
  };
}

const IMPORT_SCRIPTS = /^\s*importScripts\(([^)]*)\);?\s*$/gm;

/** The source without its `importScripts`, which {@link parseMeta} has read. */
export function withoutImports(source: string): string {
  return source.replaceAll(IMPORT_SCRIPTS, '');
}
