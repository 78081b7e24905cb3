/** For tests: agents in WebAssembly text and in TypeScript. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import wabt from 'wabt';
import { SYSCALLS, type SyscallName } from '../../protocol/agent/syscalls.ts';
import { compileAgent } from '../compile/compile-agent.ts';

const toolkit = await wabt();

/** Text in the guest's memory: its address and length, for `call $sys`. */
export class GuestText {
  readonly #segments: string[] = [];
  #next = 1024;

  /** `(i32.const address) (i32.const length)` */
  place(text: string): string {
    const bytes = Buffer.from(text);
    const at = this.#next;
    this.#segments.push(`(data (i32.const ${at}) "${[...bytes].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')}")`);
    this.#next += bytes.length + 8;
    return `(i32.const ${at}) (i32.const ${bytes.length})`;
  }

  get segments(): string {
    return this.#segments.join('\n');
  }
}

export interface GuestParts {
  /** body of `nanos_start`, without its result: 0 */
  readonly start: string;
  /** body of `nanos_resume`; locals: $id, $status, $pointer, $length */
  readonly resume?: string;
  /** in place of a bump allocator */
  readonly alloc?: string;
  readonly pages?: number;
  readonly more?: string;
}

/** The instruction that makes a syscall and gives its i64; `id` and `args` are instructions. */
export function sys(name: SyscallName | number, id: number, args = '(i32.const 0) (i32.const 0)'): string {
  return `(call $syscall (i32.const ${typeof name === 'number' ? name : SYSCALLS[name].op}) (i32.const ${id}) ${args})`;
}

/** A module of the agent ABI. */
export function agentModule(text: GuestText, { start, resume = '', alloc, pages = 4, more = '' }: GuestParts): Uint8Array {
  const source = `(module
    (import "nanos" "syscall" (func $syscall (param i32 i32 i32 i32) (result i64)))
    (import "nanos" "clock" (func $clock (result i64)))
    (import "nanos" "random" (func $random (param i32 i32)))
    (memory (export "memory") ${pages})
    (global $top (mut i32) (i32.const 65536))
    (func $alloc (export "nanos_alloc") (param $length i32) (result i32) (local $at i32)
      ${alloc ?? '(local.set $at (global.get $top)) (global.set $top (i32.add (global.get $top) (i32.and (i32.add (local.get $length) (i32.const 15)) (i32.const -8)))) (local.get $at)'})
    (func (export "nanos_free") (param i32))
    (func (export "nanos_start") (result i32) (local $reply i64) (local $i i32) ${start} (i32.const 0))
    (func (export "nanos_resume") (param $id i32) (param $status i32) (param $pointer i32) (param $length i32) (result i32) (local $reply i64) (local $i i32) ${resume} (i32.const 0))
    ${more}
    ${text.segments})`;
  const module = toolkit.parseWat('agent.wat', source, { exceptions: true });
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

/** A module of an agent in TypeScript, from the body of its `run`; `imports` stand before it. */
export async function compileTestAgent(body: string, imports = ''): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'nanos-compile-'));
  try {
    const entry = join(folder, 'agent.ts');
    writeFileSync(entry, `import { agent, fs, web } from 'nanos/agent';\n${imports}\nexport async function run() {\n${body}\n}\n`);
    return (await compileAgent(entry)).wasm;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
