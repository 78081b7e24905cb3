import { fileURLToPath } from 'node:url';
import type { HostComposition } from '../../../src/host/host-composition.ts';
import { DEFENCES, type Edit } from '../defences.ts';

const FOLDER = fileURLToPath(new URL('../', import.meta.url));

export interface Weakened {
  /** imported by the supervisor before it loads the host */
  readonly supervisor: URL;
  readonly composition: HostComposition;
}

/** Every edit that takes the defence out, the guest's and the one of the builder by which these are bundled. */
export function editsWithout(defence: string): readonly Edit[] {
  const edits = DEFENCES[defence]?.edits;
  if (edits === undefined) throw new Error(`There is no defence ${defence}`);
  const inGuest = edits.filter(({ of }) => of === 'guest');
  return inGuest.length === 0 ? edits : [...edits, bundledWith(inGuest)];
}

/** A host without that defence. */
export function weaken(defence: string): Weakened {
  const edits = editsWithout(defence);
  const of = (process: Edit['of']): readonly Edit[] => edits.filter((edit) => edit.of === process);
  const inBuilder = of('builder');
  return {
    supervisor: preload(of('supervisor')),
    composition: {
      cellFlags: of('cell').length === 0 ? [] : [`--allow-fs-read=${FOLDER}`, `--import=${preload(of('cell')).href}`],
      builderFlags: inBuilder.length === 0 ? [] : [`--import=${preload(inBuilder).href}`],
    },
  };
}

function preload(edits: readonly Edit[]): URL {
  const url = new URL('take-out.ts', import.meta.url);
  url.searchParams.set('edits', JSON.stringify(edits));
  return url;
}

/** What isolates run is bundled from its sources, which no loader of the builder's sees. */
function bundledWith(edits: readonly Edit[]): Edit {
  const plugin = `{
    name: 'taken-out',
    setup({ onLoad }) {
      const edits = ${JSON.stringify(edits)};
      onLoad({ filter: /\\.ts$/ }, async ({ path }) => {
        const wanted = edits.filter(({ file }) => path.endsWith('/src/' + file));
        if (wanted.length === 0) return undefined;
        let contents = await (await import('node:fs/promises')).readFile(path, 'utf8');
        for (const { file, from, to } of wanted) {
          if (!contents.includes(from)) throw new Error('src/' + file + ' does not hold any more: ' + from);
          contents = contents.replace(from, () => to);
        }
        return { contents, loader: 'ts' };
      });
    },
  }`;
  return { of: 'builder', file: 'apps/build/bundle-api.ts', from: 'plugins: [lazyParts(lazy)]', to: `plugins: [${plugin}, lazyParts(lazy)]` };
}
