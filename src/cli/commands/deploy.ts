import { Command } from 'commander';
import type { CliIo } from '../cli-io.ts';
import { addClientOptions } from '../client-options.ts';
import type { DeployOptions } from '../upload/deploy-folder.ts';

const EXAMPLES = `
All files of the folder are uploaded, .dev.vars too, without .git, .nanos and .wrangler;
of node_modules only what the app imports.

Examples:
  nanos deploy examples/apps/hello
  nanos deploy . --name shop --url https://nanos.example --token TOKEN`;

export function deployCommand(io: CliIo): Command {
  return addClientOptions(new Command('deploy').description('upload an app to a running host, build it there and serve it'))
    .argument('<folder>', 'folder of one app')
    .option('--name <name>', 'name of the app; else the one in its configuration, else the folder’s')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (folder: string, options: DeployOptions) => {
      // Brings the bundler, which no other command needs.
      const { deployFolder } = await import('../upload/deploy-folder.ts');
      await deployFolder(folder, options, io);
    });
}
