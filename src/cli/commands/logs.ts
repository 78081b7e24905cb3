import { Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import type { CliIo } from '../cli-io.ts';
import { addClientOptions, connectClient, type ClientOptions } from '../client-options.ts';
import { printJson } from '../print-json.ts';
import { printable } from '../printable.ts';

interface Options extends ClientOptions {
  readonly json?: boolean;
  readonly follow?: boolean;
  readonly tail: number;
}

const logEventSchema = z.looseObject({
  time: z.string(),
  level: z.string(),
  event: z.string(),
  app: z.string().optional(),
  request_id: z.string().optional(),
  message: z.string().optional(),
});

const EXAMPLES = `
Examples:
  nanos logs
  nanos logs shop --follow
  nanos logs shop --tail 1000 --json`;

export function logsCommand(io: CliIo): Command {
  return addClientOptions(new Command('logs').description('print the log of a running host, or of one of its apps'))
    .argument('[app]', 'name of the app')
    .option('-f, --follow', 'go on with what happens from now')
    .option('--tail <count>', 'number of past events', parseCount, 100)
    .option('--json', 'print one JSON line an event')
    .addHelpText('after', EXAMPLES)
    .action(async (app: string | undefined, options: Options) => {
      const client = await connectClient(options, io);
      const lines = client.lines({ method: 'GET', path: `v1/logs?${query(app, options).toString()}`, headers: { accept: 'text/event-stream, application/x-ndjson' } });
      for await (const line of lines) print(line, options.json === true, io);
    });
}

function query(app: string | undefined, { tail, follow }: Options): URLSearchParams {
  const query = new URLSearchParams({ tail: String(tail), follow: follow === true ? '1' : '0' });
  if (app !== undefined) query.set('app', app);
  return query;
}

/** A JSON line, or a line of a stream of server-sent events: `data:`, a comment, the name of an event, or empty. */
function print(line: string, asJson: boolean, io: CliIo): void {
  const json = line.startsWith('data: ') ? line.slice('data: '.length) : line;
  if (!json.startsWith('{')) return;
  const value: unknown = JSON.parse(json);
  const event = logEventSchema.safeParse(value);
  if (event.success) io.stdout.write(asJson ? printJson(value) : describe(event.data));
  else if (typeof value === 'object' && value !== null && 'reason' in value) io.stderr.write(printable(`nanos: ${String(value.reason)}\n`));
}

function describe({ time, level, event, app, request_id, message, ...fields }: z.infer<typeof logEventSchema>): string {
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const words = [time, level.toUpperCase().padEnd(5), app, event, message, ...rest, request_id === undefined ? undefined : `request_id=${request_id}`];
  return printable(`${words.filter((word) => word !== undefined).join(' ').replaceAll('\n', '\n  ')}\n`);
}

function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 0.');
  return Number(text);
}
