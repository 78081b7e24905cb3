import process from 'node:process';
import { privateCacheFolder, useCodeCache } from './code-cache.ts';

const cache = privateCacheFolder(process.env);
// It serves what is loaded from here on.
if (cache !== undefined) useCodeCache(cache);
const { runCli } = await import('./run-cli.ts');
const { runProcess } = await import('./run-process.ts');

const status = await runProcess(runCli, async (options, onEvent) => (await import('../host/start-host.ts')).startHost(options, onEvent));
if (cache !== undefined && ['run', 'replay'].includes(process.argv[2] ?? '')) {
  const { keepStartSnapshot } = await import('./start-snapshot.ts');
  keepStartSnapshot(cache);
}
// Whatever is still open belongs to a command that is done.
process.exit(status);
