import { Command } from 'commander';
import type { AppStatus } from '../../protocol/control.ts';
import { appListSchema } from '../app-status-schema.ts';
import type { CliIo } from '../cli-io.ts';
import { addClientOptions, connectClient, type ClientOptions } from '../client-options.ts';
import { describeError } from '../describe-error.ts';
import { fromErrorData } from '../../protocol/errors.ts';
import { printJson } from '../print-json.ts';
import { printTable } from '../print-table.ts';
import { printable } from '../printable.ts';

interface Options extends ClientOptions {
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  nanos apps
  nanos apps --json --url http://127.0.0.1:9000`;

export function appsCommand(io: CliIo): Command {
  return addClientOptions(new Command('apps').description('list the apps of a running host'))
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      const client = await connectClient(options, io);
      const { apps } = await client.json({ method: 'GET', path: 'v1/apps' }, appListSchema);
      io.stdout.write(options.json === true ? printJson(apps, 2) : table(apps));
    });
}

function table(apps: readonly AppStatus[]): string {
  if (apps.length === 0) return 'No apps. Deploy one: nanos deploy FOLDER\n';
  const rows = apps.map(({ name, state, version, residents, cells, apart, urls }) => {
    const owners = `${cells.join(',')}${apart === true ? ' apart' : ''}`;
    return [name, state, version === 0 ? '-' : String(version), String(residents), owners === '' ? '-' : owners, urls.join(' ')];
  });
  const errors = apps.flatMap(({ name, error }) => (error === undefined ? [] : [`\n${name}: ${describeError(fromErrorData(error), false).replace(/^nanos: /, '')}\n`]));
  return printable(printTable(['NAME', 'STATE', 'VERSION', 'RESIDENT', 'CELL', 'URL'], rows) + errors.join(''));
}
