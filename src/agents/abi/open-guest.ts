import type { MeteredModule } from '../../sandbox/wasm/metered-module.ts';
import type { AgentGuest, GuestHost } from '../run/agent-guest.ts';
import { GuestPort, type GuestPortOptions } from '../run/guest-port.ts';
import { BlockingGuest } from './blocking-guest.ts';
import { detectAbi } from './detect-abi.ts';

/** A guest of the ABI that its module speaks. One that blocks gets a thread of its own when it starts. */
export function openGuest(module: MeteredModule, host: GuestHost, options: GuestPortOptions): AgentGuest {
  const abi = detectAbi(module.module);
  if (abi === undefined || abi.kind === 'yielding') return new GuestPort(module, host, options);
  return new BlockingGuest(module, abi.entry, host, options);
}
