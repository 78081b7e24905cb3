import { Option, type Command } from 'commander';
import { NanosError } from '../protocol/errors.ts';
import { isLoopback } from '../server/control/is-loopback.ts';
import { TokenStore } from '../server/control/token-store.ts';
import type { CliIo } from './cli-io.ts';
import { ControlClient } from './control-client.ts';

export interface ClientOptions {
  readonly url: string;
  readonly token?: string;
  readonly data: string;
}

/** Adds the options of a command that speaks to a running host. */
export function addClientOptions(command: Command): Command {
  return command
    .option('--url <url>', 'control plane of the host', 'http://127.0.0.1:8080')
    .option('--token <token>', 'token of the host; else NANOS_TOKEN, else the one in the data directory')
    .addOption(new Option('--data <dir>', 'data directory of the host').default('.nanos'));
}

/** The data directory's token is only ever sent to this machine. */
export async function connectClient({ url, token, data }: ClientOptions, io: CliIo): Promise<ControlClient> {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) {
    throw new NanosError('usage', `--url ${JSON.stringify(url)} is no http or https URL`);
  }
  const given = token ?? io.environment['NANOS_TOKEN'];
  return new ControlClient(parsed, given ?? (isLoopback(parsed.hostname) ? (await TokenStore.read(data))?.admin : undefined));
}
