import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { BenchScope } from '../bench-scope.ts';
import type { BenchServer } from './bench-address.ts';

export interface NanosServer extends BenchServer {
  readonly controlUrl: URL;
  /** `nanos_app_cold_starts_total` of every app that has one */
  coldStarts(): Promise<Map<string, number>>;
}

export interface NanosOptions {
  /** a folder of apps */
  readonly folder: string;
  readonly dataDir: string;
  /** of the operator; undefined: none */
  readonly configFile?: string | undefined;
  /** processes that run apps; the host's default when undefined */
  readonly cells?: number | undefined;
  /** called for each app that is served from now on */
  readonly onServing?: ((app: string) => void) | undefined;
}

const eventSchema = z.looseObject({ event: z.string(), app: z.string().optional() });
const readySchema = z.looseObject({ event: z.literal('host_ready'), control_url: z.url(), apps_url: z.url() });

/** Runs `bin/nanos serve`. Rejects when it ends before it is ready. */
export async function startNanos(scope: BenchScope, { folder, dataDir, configFile, cells, onServing }: NanosOptions): Promise<NanosServer> {
  const startedMs = performance.now();
  const args = ['serve', folder, '--port', '0', '--apps-port', '0', '--no-auth', '--data', dataDir, ...(configFile === undefined ? [] : ['--config', configFile]), ...(cells === undefined ? [] : ['--cells', `${cells}`])];
  const started = scope.start(fileURLToPath(new URL('../../bin/nanos', import.meta.url)), args, ['ignore', 'pipe', 'pipe']);
  const ready = whenReady(started.child.stdout!, onServing);
  const ended = new Promise<never>((_, reject) => started.child.once('exit', () => reject(new Error(`nanos serve ended: ${started.errors()}`))));
  ended.catch(() => undefined);
  const { appsUrl, controlUrl } = await Promise.race([ready, ended]);
  return {
    name: 'nanos',
    pid: started.pid,
    readyMs: performance.now() - startedMs,
    controlUrl,
    address: (app) => ({ port: Number(appsUrl.port), host: `${app}.localhost` }),
    stop: () => started.stop(),
    coldStarts: async () => parseColdStarts(await (await fetch(new URL('metrics', controlUrl))).text()),
  };
}

/** Reads the log to its end. */
function whenReady(log: NodeJS.ReadableStream, onServing: NanosOptions['onServing']): Promise<{ appsUrl: URL; controlUrl: URL }> {
  return new Promise((resolve) => {
    createInterface({ input: log }).on('line', (line) => {
      const parsed: unknown = JSON.parse(line);
      const { event, app } = eventSchema.parse(parsed);
      if (event === 'app_serving' && app !== undefined) onServing?.(app);
      if (event !== 'host_ready') return;
      const { apps_url: appsUrl, control_url: controlUrl } = readySchema.parse(parsed);
      resolve({ appsUrl: new URL(appsUrl), controlUrl: new URL(controlUrl) });
    });
  });
}

export function parseColdStarts(metrics: string): Map<string, number> {
  const starts = new Map<string, number>();
  for (const { groups } of metrics.matchAll(/^nanos_app_cold_starts_total\{app="(?<app>[^"]*)"\} (?<count>\d+)$/gmu)) starts.set(groups!['app']!, Number(groups!['count']));
  return starts;
}
