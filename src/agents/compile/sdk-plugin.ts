import type { Loader, OnResolveResult, Plugin } from 'esbuild';
import { readFile } from 'node:fs/promises';
import { dirname, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ownFile } from '../../util/own-file.ts';

/** Files of ours have names that don't depend on where nanos is installed: their path below src. */
const NAMESPACE = 'nanos';
const ending = import.meta.url.endsWith('.ts') ? '.ts' : '.js';

/**
 * A source map without lines: our own files have no part in that of an agent. Their frames are left out of stacks, and their lines differ
 * between a clone and the published package.
 */
const NO_SOURCE_MAP = '//# sourceMappingURL=data:application/json,{"version":3,"sources":["nanos:sdk"],"names":[],"mappings":"AAAA"}';

/** The specifier of the globals that are there when an agent names them; for esbuild's `inject`. */
export const ON_DEMAND = 'nanos:on-demand';
export const ON_DEMAND_GLOBALS = ['URL', 'URLSearchParams', 'TextDecoder', 'TextEncoder', 'structuredClone'] as const;

/** Resolves the SDK by each of its names: `nanos/agent`, `nanos-sdk`, and any path that ends like the latter. */
export const sdkPlugin: Plugin = {
  name: 'nanos-sdk',
  setup(build) {
    build.onResolve({ filter: /^nanos\/agent$|(?:^|\/)nanos-sdk(?:\/index(?:\.[jt]s)?)?$/ }, () => own(`guest/agent/index${ending}`));
    build.onResolve({ filter: /^nanos:on-demand$/ }, () => own(`guest/agent/on-demand${ending}`));
    build.onResolve({ filter: /^\./, namespace: NAMESPACE }, ({ path, importer }) => own(posix.join(posix.dirname(importer), path)));
    build.onLoad({ filter: /(?:)/, namespace: NAMESPACE }, async ({ path }) => {
      const file = fileURLToPath(ownFile(`../../${path.slice(0, -ending.length)}`, import.meta.url));
      return { contents: `${await readFile(file, 'utf8')}\n${NO_SOURCE_MAP}`, loader: ending.slice(1) as Loader, resolveDir: dirname(file) };
    });
  },
};

function own(path: string): OnResolveResult {
  return { path, namespace: NAMESPACE, sideEffects: false };
}
