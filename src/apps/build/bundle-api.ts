import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { resolve } from 'node:path';
import type { BuildInput } from '../../protocol/app.ts';
import { ownFile } from '../../util/own-file.ts';
import { currentInput } from '../artefact/build-inputs.ts';
import { lazyParts } from './lazy-parts.ts';

export interface ApiScript {
  readonly script: string;
  /** the sources it was made from */
  readonly inputs: readonly BuildInput[];
}

/** The script behind the API snapshot: everything that a guest has before its own code. */
export async function bundleApi(entry: URL = ownFile('../../guest/main', import.meta.url)): Promise<ApiScript> {
  const lazy = new Set<string>();
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
  const paths = new Set([...Object.keys(metafile.inputs).map((path) => resolve(path)), ...lazy]);
  const inputs = await Promise.all([...paths].map((path) => currentInput(path)));
  return { script: outputFiles[0]?.text ?? '', inputs: inputs.filter((input) => input !== undefined) };
}
