import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { ownFile } from '../../util/own-file.ts';

/** What stands in the engine before any agent: src/guest/agent/prelude.ts. */
export async function bundlePrelude(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(ownFile('../../guest/agent/prelude', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'neutral',
    target: 'es2023',
    minifyWhitespace: true,
    legalComments: 'none',
    banner: { js: '"use strict";' },
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}
