import { createRequire } from 'node:module';
import { TENANT_FLAGS } from '../sandbox/isolate/isolate-flags.ts';
import { ISOLATE_FLAGS } from './child-flags.ts';

/** Everything outside our own sources that decides whether a snapshot or a code cache made earlier can be used. */
export function engineId(): string {
  const { version } = createRequire(import.meta.url)('isolated-vm/package.json') as { version: string };
  return [process.platform, process.arch, `v8 ${process.versions.v8}`, `isolated-vm ${version}`, ...ISOLATE_FLAGS, TENANT_FLAGS].join(' ');
}
