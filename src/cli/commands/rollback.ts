import { Command, InvalidArgumentError } from 'commander';
import { appStatusSchema } from '../app-status-schema.ts';
import type { CliIo } from '../cli-io.ts';
import { addClientOptions, connectClient, type ClientOptions } from '../client-options.ts';
import { printJson } from '../print-json.ts';
import { printable } from '../printable.ts';

interface Options extends ClientOptions {
  readonly json?: boolean;
  readonly to?: number;
}

const EXAMPLES = `
Examples:
  nanos rollback shop            to the version before the current one
  nanos rollback shop --to 3`;

export function rollbackCommand(io: CliIo): Command {
  return addClientOptions(new Command('rollback').description('serve an earlier version of a deployed app again'))
    .argument('<app>', 'name of the app')
    .option('--to <version>', 'the version to serve', parseVersion)
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (app: string, options: Options) => {
      const client = await connectClient(options, io);
      const body = JSON.stringify({ version: options.to });
      const path = `v1/apps/${encodeURIComponent(app)}/rollback`;
      const status = await client.json({ method: 'POST', path, headers: { 'content-type': 'application/json' }, body }, appStatusSchema);
      if (options.json === true) io.stdout.write(printJson(status, 2));
      else io.stderr.write(printable(`${status.name} serves version ${status.version} now\n`));
    });
}

function parseVersion(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('A version is a whole number from 1.');
  return Number(text);
}
