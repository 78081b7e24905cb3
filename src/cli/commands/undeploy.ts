import { Command } from 'commander';
import { z } from 'zod';
import type { CliIo } from '../cli-io.ts';
import { addClientOptions, connectClient, type ClientOptions } from '../client-options.ts';

const EXAMPLES = `
Examples:
  nanos undeploy shop`;

export function undeployCommand(io: CliIo): Command {
  return addClientOptions(new Command('undeploy').description('remove a deployed app and all its versions from a running host'))
    .argument('<app>', 'name of the app')
    .addHelpText('after', EXAMPLES)
    .action(async (app: string, options: ClientOptions) => {
      const client = await connectClient(options, io);
      await client.json({ method: 'DELETE', path: `v1/apps/${encodeURIComponent(app)}` }, z.undefined());
      io.stderr.write(`Removed ${app}\n`);
    });
}
