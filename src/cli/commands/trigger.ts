import { Command } from 'commander';
import { z } from 'zod';
import type { CliIo } from '../cli-io.ts';
import { addClientOptions, connectClient, type ClientOptions } from '../client-options.ts';
import { printable } from '../printable.ts';

interface Options extends ClientOptions {
  readonly cron: string;
}

const EXAMPLES = `
Examples:
  nanos trigger cleanup                          runs the app's scheduled() now
  nanos trigger cleanup --cron "0 3 * * *"       which finds that pattern in its event`;

export function triggerCommand(io: CliIo): Command {
  return addClientOptions(new Command('trigger').description("run an app's handler of scheduled events now"))
    .argument('<app>', 'name of the app')
    .option('--cron <pattern>', 'the pattern that the event says', '* * * * *')
    .addHelpText('after', EXAMPLES)
    .action(async (app: string, { cron, ...options }: Options) => {
      const client = await connectClient(options, io);
      const path = `v1/apps/${encodeURIComponent(app)}/trigger`;
      await client.json({ method: 'POST', path, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ cron }) }, z.undefined());
      io.stderr.write(printable(`${app} has handled the event\n`));
    });
}
