import { once } from 'node:events';
import { Command, InvalidArgumentError } from 'commander';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { AppStatus, LogEvent } from '../../protocol/control.ts';
import { NanosError } from '../../protocol/errors.ts';
import type { RunningHost, ServeOptions } from '../../protocol/serve-options.ts';
import { TokenStore } from '../../server/control/token-store.ts';
import { appListSchema } from '../app-status-schema.ts';
import type { CliIo } from '../cli-io.ts';
import { ControlClient } from '../control-client.ts';
import { describePosition } from '../describe-error.ts';
import { describeServing } from '../describe-serving.ts';
import { printable } from '../printable.ts';
import { StartProgress } from '../start-progress.ts';

interface Options {
  readonly config?: string;
  readonly host?: string;
  readonly port?: number;
  readonly appsPort?: number;
  readonly cells?: number;
  readonly data?: string;
  readonly agents?: string;
  readonly dev?: boolean;
  readonly auth: boolean;
  readonly grace?: number;
}

const EXAMPLES = `
The log goes to standard output, one JSON line an event; what you see here goes to standard error.

Examples:
  nanos serve examples/apps
  nanos serve ./shop --dev
  nanos serve apps --config nanos.yaml --apps-port 80 --cells 4 > nanos.log`;

const positionSchema = z.object({ file: z.string(), line: z.number().optional(), column: z.number().optional() });

/** The listing waits this long for apps that are being built; they are listed as such after it. */
const BUILD_WAIT_MS_MAX = 10_000;
const BUILD_POLL_MS = 100;

export function serveCommand(io: CliIo): Command {
  return new Command('serve')
    .description('serve folders of apps, each app in its own V8 isolate')
    .argument('[dir...]', 'app folders, or folders of app folders')
    .option('--config <file>', 'operator’s configuration; else nanos.yaml in this folder, if there is one; what it says holds where no option does')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--port <port>', 'port of the control plane (default: 8080)', parsePort)
    .option('--apps-port <port>', 'port of the apps (default: 3000)', parsePort)
    .option('--cells <count>', 'processes that run apps (default: 1)', parseCells)
    .option('--data <dir>', 'data directory (default: .nanos)')
    .option('--agents <dir>', 'folder of agents: the manifests below it can be run by POST /v1/run')
    .option('--dev', 'show stacks of apps to their clients')
    .option('--no-auth', 'control plane without tokens; on a loopback address only')
    .option('--grace <seconds>', 'time for requests in flight when the host is stopped (default: 10)', parseGrace)
    .addHelpText('after', EXAMPLES)
    .action((folders: string[], options: Options) => serve(toServeOptions(folders, options), io));
}

function toServeOptions(folders: readonly string[], options: Options): ServeOptions {
  const { host, port, appsPort, auth } = options;
  return {
    folders,
    configFile: options.config,
    host,
    controlPort: port,
    appsPort,
    cells: options.cells,
    dataDir: options.data,
    agentsFolder: options.agents,
    dev: options.dev === true,
    auth,
    graceMs: options.grace === undefined ? undefined : options.grace * 1000,
  };
}

async function serve(options: ServeOptions, io: CliIo): Promise<void> {
  const stop = new AbortController();
  const stopListening = io.onStopSignal(() => (stop.signal.aborted ? io.exit(1) : stop.abort()));
  try {
    const progress = new StartProgress((text) => void io.stderr.write(text));
    const host = await startedHost({ ...options, stop: stop.signal }, io, (event) => {
      progress.note(event);
      if (!stop.signal.aborted) showWarning(event, io);
    });
    if (host === undefined) return void io.stderr.write('Stopped while it started. What was built is kept\n');
    const stopped = once(stop.signal, 'abort');
    if (!stop.signal.aborted) {
      await showServing(host, options, stop.signal, io);
      await Promise.race([host.closed, stop.signal.aborted ? undefined : stopped]);
    }
    if (!stop.signal.aborted) throw new NanosError('internal', 'The host ended by itself. Its log says why');
    io.stderr.write('Stopping: requests in flight are finished. Again to stop at once\n');
    await host.close();
  } finally {
    stopListening();
  }
}

/** undefined: it was stopped before it was ready. */
async function startedHost(options: ServeOptions & { readonly stop: AbortSignal }, io: CliIo, onEvent: (event: LogEvent) => void): Promise<RunningHost | undefined> {
  try {
    return await io.startHost(options, onEvent);
  } catch (error) {
    if (options.stop.aborted) return undefined;
    throw error;
  }
}

/** For the person at the terminal, whose log may go to a file. */
function showWarning({ level, event, app, message, position }: LogEvent, io: CliIo): void {
  if (level !== 'warn' && level !== 'error') return;
  const where = positionSchema.safeParse(position);
  const words = [level === 'warn' ? 'warning' : 'error', app, where.success ? describePosition(where.data) : undefined, message ?? event];
  io.stderr.write(printable(`nanos: ${words.filter((word) => word !== undefined).join(': ')}\n`));
}

async function showServing(host: RunningHost, { auth }: ServeOptions, signal: AbortSignal, io: CliIo): Promise<void> {
  const token = auth ? (await TokenStore.read(host.dataDir))?.read : undefined;
  const client = new ControlClient(new URL(host.controlUrl), token);
  const apps = await builtApps(client, signal);
  if (!signal.aborted) io.stderr.write(printable(describeServing(host, apps)));
}

async function builtApps(client: ControlClient, signal: AbortSignal): Promise<readonly AppStatus[]> {
  for (let waitedMs = 0; ; waitedMs += BUILD_POLL_MS) {
    const { apps } = await client.json({ method: 'GET', path: 'v1/apps' }, appListSchema);
    if (apps.every(({ state }) => state !== 'building') || waitedMs >= BUILD_WAIT_MS_MAX || signal.aborted) return apps;
    await sleep(BUILD_POLL_MS);
  }
}

function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new InvalidArgumentError('A port is a whole number from 0 (any free one) to 65535.');
  return Number(text);
}

function parseCells(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text) || Number(text) > 256) throw new InvalidArgumentError('It must be a whole number from 1 to 256.');
  return Number(text);
}

function parseGrace(text: string): number {
  if (!/^\d{1,4}(\.\d+)?$/.test(text) || Number(text) > 3_600) throw new InvalidArgumentError('It must be a number of seconds from 0 to 3600.');
  return Number(text);
}
