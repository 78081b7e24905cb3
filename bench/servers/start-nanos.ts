import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { BenchScope } from '../bench-scope.ts';
import type { BenchServer } from './bench-address.ts';

export interface NanosServer extends BenchServer {
  /** `nanos_app_cold_starts_total` of every app that has one */
  coldStarts(): Promise<Map<string, number>>;
}

export interface NanosOptions {
  /** a folder of apps */
  readonly folder: string;
  readonly dataDir: string;
  /** called for each app that is served from now on */
  readonly onServing?: ((app: string) => void) | undefined;
}

const eventSchema = z.looseObject({ event: z.string(), app: z.string().optional(), message: z.string().optional() });

/** Runs `bin/nanos serve`. Rejects when it ends before it is ready. */
export async function startNanos(scope: BenchScope, { folder, dataDir, onServing }: NanosOptions): Promise<NanosServer> {
  const startedMs = performance.now();
  const args = ['serve', folder, '--port', '0', '--apps-port', '0', '--no-auth', '--data', dataDir];
  const started = scope.start(fileURLToPath(new URL('../../bin/nanos', import.meta.url)), args, ['ignore', 'pipe', 'pipe']);
  const { stdout, stderr } = started.child;
  const ready = new Promise<number>((resolve) => {
    createInterface({ input: stdout! }).on('line', (line) => {
      const { event, app } = eventSchema.parse(JSON.parse(line));
      if (event === 'app_serving' && app !== undefined) onServing?.(app);
      if (event === 'host_ready') resolve(performance.now() - startedMs);
    });
  });
  const listed = portsOf(stderr!);
  const ended = new Promise<never>((_, reject) => started.child.once('exit', () => reject(new Error(`nanos serve ended: ${started.errors()}`))));
  ended.catch(() => undefined);
  const readyMs = await Promise.race([ready, ended]);
  const { appsPort, controlPort } = await Promise.race([listed, ended]);
  return {
    name: 'nanos',
    pid: started.pid,
    readyMs,
    address: (app) => ({ port: appsPort, host: `${app}.localhost` }),
    stop: () => started.stop(),
    coldStarts: async () => parseColdStarts(await (await fetch(`http://127.0.0.1:${controlPort}/metrics`)).text()),
  };
}

/** From the listing for people that `nanos serve` ends its start with. */
function portsOf(stderr: NodeJS.ReadableStream): Promise<{ appsPort: number; controlPort: number }> {
  return new Promise((resolve) => {
    let appsPort: number | undefined;
    createInterface({ input: stderr }).on('line', (line) => {
      const app = /http:\/\/[^/:]+\.localhost:(?<port>\d+)\//.exec(line)?.groups?.['port'];
      appsPort ??= app === undefined ? undefined : Number(app);
      const control = /^ +control +http:\/\/127\.0\.0\.1:(?<port>\d+)\//.exec(line)?.groups?.['port'];
      if (control !== undefined && appsPort !== undefined) resolve({ appsPort, controlPort: Number(control) });
    });
  });
}

export function parseColdStarts(metrics: string): Map<string, number> {
  const starts = new Map<string, number>();
  for (const { groups } of metrics.matchAll(/^nanos_app_cold_starts_total\{app="(?<app>[^"]*)"\} (?<count>\d+)$/gmu)) starts.set(groups!['app']!, Number(groups!['count']));
  return starts;
}
