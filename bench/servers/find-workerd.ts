import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

const PACKAGES: Readonly<Record<string, string>> = {
  'linux x64': '@cloudflare/workerd-linux-64',
  'linux arm64': '@cloudflare/workerd-linux-arm64',
};

export interface Workerd {
  /** path of its own program, without npm's wrapper */
  readonly program: string;
  readonly version: string;
}

/** The workerd of the development install. Throws when there is none for this machine, or it doesn't run here. */
export function findWorkerd(): Workerd {
  const name = PACKAGES[`${process.platform} ${process.arch}`];
  if (name === undefined) throw new Error(`there is no workerd for ${process.platform} ${process.arch}`);
  const program = createRequire(import.meta.url).resolve(`${name}/bin/workerd`);
  const { status, stdout, error } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`workerd does not run here: ${error?.message ?? `status ${status}`}`);
  return { program, version: stdout.trim() };
}
