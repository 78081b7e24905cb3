import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startNanos, temporaryFolder, type Cleanup, type Nanos } from '../support/start-nanos.ts';

/** A host with one example, whose variables are others and which may reach this machine: its upstreams are the test's. */
export async function serveExample(cleanup: Cleanup, name: string, env: Readonly<Record<string, unknown>>): Promise<Nanos> {
  const path = fileURLToPath(new URL(`../../examples/apps/${name}`, import.meta.url));
  const file = join(await temporaryFolder(cleanup), 'nanos.json');
  await writeFile(file, JSON.stringify({ limits: { cpu_ms: 1000 }, apps: [{ path, name, env, egress: { private: ['loopback'] } }] }));
  return startNanos(cleanup, { folders: [], args: ['--config', file] });
}
