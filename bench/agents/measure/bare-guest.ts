import { METERING_EXPORTS } from '../../../src/sandbox/wasm/metering/metering-names.ts';
import { DEPTH_BYTES_MAX } from '../../../src/sandbox/wasm/wasm-limits.ts';
import { FUEL_MAX, MEMORY_PAGES_MAX } from './drive-guest.ts';

/** A program for `node -e` that reads a metered module, compiles it and starts it, and says `here` at its first syscall: what a new process needs for the agent alone. */
export function bareGuestProgram(meteredFile: string): string {
  return `const module = new WebAssembly.Module(require('node:fs').readFileSync(${JSON.stringify(meteredFile)}));
const syscall = () => { require('node:fs').writeSync(1, 'here'); process.exit(0); };
const { exports } = new WebAssembly.Instance(module, { nanos: { syscall, clock: () => 0n, random: () => undefined } });
exports.${METERING_EXPORTS.fuel}.value = ${FUEL_MAX}n;
exports.${METERING_EXPORTS.depth}.value = ${DEPTH_BYTES_MAX};
exports.${METERING_EXPORTS.pagesMax}.value = ${MEMORY_PAGES_MAX};
exports.nanos_start();`;
}
