import type { Plugin } from 'esbuild';
import { access } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { STEERING_FILES } from '../artefact/build-inputs.ts';

/** Other endings say themselves how esbuild takes the module. */
const PLAIN_ENDINGS = new Set(['.js', '.jsx', '.ts', '.tsx']);

/**
 * Finds the entry without esbuild's resolver, which lists every folder on the way up at each build: beside ten thousand other apps that is most of it.
 * Where a file on the way up steers how the entry is taken, the resolver finds it. `main` is a real path in `folder`, `specifier` its name there.
 */
export function entryPlugin({ folder, main, specifier }: { folder: string; main: string; specifier: string }): Plugin {
  return {
    name: 'nanos-entry',
    async setup({ onResolve }) {
      if (!PLAIN_ENDINGS.has(extname(main)) || (await isSteered(main))) return;
      const filter = new RegExp(`^(?:${escaped(main)}|${escaped(specifier)})$`);
      onResolve({ filter }, ({ kind, resolveDir }) => (kind === 'entry-point' || resolveDir === folder ? { path: main } : undefined));
    },
  };
}

async function isSteered(main: string): Promise<boolean> {
  const files: string[] = [];
  for (let folder = dirname(main); ; folder = dirname(folder)) {
    files.push(...STEERING_FILES.map((name) => join(folder, name)));
    if (dirname(folder) === folder) break;
  }
  const found = await Promise.all(files.map((file) => access(file).then(() => true, () => false)));
  return found.includes(true);
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`);
}
