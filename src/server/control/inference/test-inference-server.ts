/** The control server over real models, for tests of the inference endpoints and of the drivers that speak to such. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostControl } from '../../../protocol/control.ts';
import type { ModelService } from '../../../protocol/model.ts';
import { createControlServer } from '../create-control-server.ts';
import { SessionStore } from '../session-store.ts';
import { TokenStore, type Tokens } from '../token-store.ts';

export interface InferenceServer {
  readonly url: string;
  readonly tokens: Tokens;
  /** what was answered with `internal` */
  readonly errors: readonly unknown[];
}

/** `cleanup`: a TestContext, or `{ after }` of node:test for a whole file */
export async function startInferenceServer(cleanup: { after(end: () => Promise<void>): void }, models: ModelService): Promise<InferenceServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'nanos-inference-'));
  const errors: unknown[] = [];
  const tokens = await TokenStore.open(dataDir);
  // of a host these endpoints ask its models only
  const host = { models } as HostControl;
  const server = createControlServer(host, { tokens, sessions: new SessionStore(), allowedHosts: [], auth: true, dataDir, onError: (error) => errors.push(error) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup.after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, tokens: tokens.tokens, errors };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
