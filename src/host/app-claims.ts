/** What only one app of a host can have, and what none can: the host's own ports. */
import { findClashes } from '../apps/config/clashes.ts';
import type { AppConfig } from '../protocol/app.ts';
import { NanosError } from '../protocol/errors.ts';
import type { AppRegistry } from './app-registry.ts';

export class AppClaims {
  readonly #registry: AppRegistry;
  /** on which the host listens; an app with one of them would get every request to the host */
  readonly #hostPorts: () => readonly number[];

  constructor(registry: AppRegistry, hostPorts: () => readonly number[]) {
    this.#registry = registry;
    this.#hostPorts = hostPorts;
  }

  portClash({ name, folder, port }: AppConfig): NanosError | undefined {
    if (port === undefined || !this.#hostPorts().includes(port)) return undefined;
    return new NanosError('app_clash', `${name} in ${folder} asks for port ${port}, which is the host's own`);
  }

  /** Throws `app_clash`. `instead`: the name of the app whose place it takes. */
  refuseClash(config: AppConfig, instead: string): void {
    const others = this.#registry.records.filter(({ name }) => name !== instead).map((record) => record.config);
    const clash = findClashes([...others, config])[0] ?? this.portClash(config);
    if (clash !== undefined) throw clash;
  }
}
