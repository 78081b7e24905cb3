import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { dirname, resolve } from 'node:path';
import type { BuildInput } from '../../protocol/app.ts';
import { ownFile } from '../../util/own-file.ts';
import { currentInput } from '../artefact/build-inputs.ts';
import { API_FILENAME } from './app-script.ts';
import { LazyParts, lazyParts } from './lazy-parts.ts';

export interface ApiScript {
  readonly script: string;
  /** the lazy parts, as the guest is given them at attach */
  readonly partTexts: string;
  /** the sources it was made from */
  readonly inputs: readonly BuildInput[];
}

const PROTOCOL = ownFile('../../protocol/boundary', import.meta.url);
const GUEST = ownFile('../../guest/main', import.meta.url);

/** The script behind the API snapshot: everything that a guest has before its own code. */
export async function bundleApi(entry: URL = GUEST): Promise<ApiScript> {
  const opener = fileURLToPath(ownFile('./kernel/lazy-parts', GUEST.href));
  const lazy = new LazyParts({ root: dirname(dirname(opener)), filename: API_FILENAME, opener, stateless: dirname(fileURLToPath(PROTOCOL)) });
  const { outputFiles, metafile } = await build({
    entryPoints: [fileURLToPath(entry)],
    outfile: 'api.js',
    bundle: true,
    write: false,
    metafile: true,
    format: 'iife',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'chrome124',
    minify: true,
    legalComments: 'none',
    banner: { js: '"use strict";' },
    logLevel: 'silent',
    plugins: [lazyParts(lazy)],
  });
  const paths = new Set([...Object.keys(metafile.inputs).map((path) => resolve(path)), ...lazy.inputs]);
  const inputs = await Promise.all([...paths].map((path) => currentInput(path)));
  return { script: outputFiles[0]?.text ?? '', partTexts: lazy.pack(), inputs: inputs.filter((input) => input !== undefined) };
}
