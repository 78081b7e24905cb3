/** For tests: agents whose calls block, in WebAssembly text. */
import wabt from 'wabt';
import type { GuestText } from '../run/test-agent.ts';
import { importSignature } from './import-signatures.ts';

const toolkit = await wabt();
const IMPORTED = /\(call \$(?<module>env|wasi)\.(?<name>\w+)/gu;

export interface BlockingParts {
  /** body of the entry; locals: $i, $n (i32), $long (i64) */
  readonly body: string;
  readonly entry?: 'run_agent' | '_start';
  readonly pages?: number;
  readonly more?: string;
}

/** A module that imports what it calls, as `$env.<name>` or `$wasi.<name>`. */
export function blockingModule(text: GuestText, { body, entry = 'run_agent', pages = 2, more = '' }: BlockingParts): Uint8Array {
  const names = new Map([...`${body}${more}`.matchAll(IMPORTED)].map(({ groups }) => [`${groups?.['module']}.${groups?.['name']}`, groups]));
  const imports = [...names].map(([label, groups]) => importText(label, groups?.['module'] === 'wasi' ? 'wasi_snapshot_preview1' : 'env', groups?.['name'] ?? ''));
  return assemble(`(module ${imports.join('\n')}
    (memory (export "memory") ${pages})
    (func (export "${entry}") (local $i i32) (local $n i32) (local $long i64) ${body})
    ${more}
    ${text.segments})`);
}

export function assemble(source: string): Uint8Array {
  const module = toolkit.parseWat('agent.wat', source);
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

function importText(label: string, module: string, name: string): string {
  const { params, results } = importSignature(module, name) ?? { params: [], results: [] };
  const declared = [...params.map((type) => `(param ${type})`), ...results.map((type) => `(result ${type})`)].join(' ');
  return `(import "${module}" "${name}" (func $${label} ${declared}))`;
}
