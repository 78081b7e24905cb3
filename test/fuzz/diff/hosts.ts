/** The two hosts that are compared, each with the same probe. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Agent } from 'node:http';
import type { Answer, RequestOptions } from '../../support/http-request.ts';
import { startNanos, type Cleanup } from '../../support/start-nanos.ts';
import { startWorkerd } from '../../support/start-workerd.ts';

const PROBE = fileURLToPath(new URL('./probe', import.meta.url));

export type HostName = 'nanos' | 'workerd';
export type Send = (path: string, options?: RequestOptions) => Promise<Answer>;

export async function startHosts(cleanup: Cleanup): Promise<Readonly<Record<HostName, Send>>> {
  const nanos = await startNanos(cleanup, { folders: [PROBE] });
  const workerd = await startWorkerd(cleanup, { entry: join(PROBE, 'index.js') });
  const agent = new Agent({ keepAlive: true });
  cleanup.after(() => agent.destroy());
  // the same Host on both, as it is a part of what they are asked
  const headers = { host: 'probe.localhost' };
  return {
    nanos: (path, options) => nanos.request('probe', path, { agent, ...options, headers: { ...headers, ...options?.headers } }),
    workerd: (path, options) => workerd.request(path, { agent, ...options, headers: { ...headers, ...options?.headers } }),
  };
}
