import { NanosError } from '../../protocol/errors.ts';
import { WASM_PAGE_BYTES, type GuestState } from '../../sandbox/wasm/snapshot/guest-state.ts';
import type { WasmImports } from '../../sandbox/wasm/web-assembly.ts';

/** Of one compiled script, and of what its compilation takes. */
const HEAP_BYTES_MAX = 512 * 1024 * 1024;

const STRIP_SOURCE = 16;
/** Half a second into 2025: what a clock shows that no agent is meant to see. */
const CLOCK_NS = 1_735_689_600_500_000_000n;

/** The functions that src/guest/agent/engine.ts takes over; the fourth letter of the host's name is what glue.wat goes by. */
const FUNCTIONS = ['s', 'd', 'e', 'r'] as const;

interface EngineExports {
  readonly memory: WebAssembly.Memory;
  readonly __stack_pointer: WebAssembly.Global;
  readonly engine_dispatcher: WebAssembly.Global;
  readonly engine_is_doomed: WebAssembly.Global;
  _initialize(): void;
  qjs_init(): number;
  qjs_set_memory_limit(bytes: number): void;
  qjs_set_promise_rejection_handler(on: number): void;
  qjs_new_host_function(name: number, nameLength: number, argumentCount: number): number;
  qjs_get_global(): number;
  qjs_set_prop_string(object: number, name: number, value: number): number;
  qjs_get_prop_string(object: number, name: number): number;
  qjs_compile(code: number, codeLength: number, file: number, flags: number, writeFlags: number, lengthTo: number): number;
  qjs_eval_bytecode(code: number, length: number): number;
  qjs_is_exception(value: number): number;
  qjs_get_exception(): number;
  qjs_get_string_len(value: number, lengthTo: number): number;
  qjs_free_cstring(text: number): void;
  qjs_free_value(value: number): void;
  qjs_run_gc(): void;
  wasm_malloc(length: number): number;
  wasm_free(pointer: number): void;
  engine_limit_stack(): void;
  engine_set_dispatcher(box: number): void;
}

/** The engine, while an agent is put into it. Nothing that it does here depends on time or chance. */
export class EngineVm {
  readonly #engine: EngineExports;

  constructor(module: WebAssembly.Module) {
    const imports: WasmImports = { nanos: { syscall: refuse, clock: () => CLOCK_NS, random: () => undefined } };
    const instance = new WebAssembly.Instance(module, imports);
    this.#engine = instance.exports as unknown as EngineExports;
    this.#engine._initialize();
    if (this.#engine.qjs_init() !== 0) throw new NanosError('internal', 'The agents’ engine does not start');
    this.#engine.engine_limit_stack();
    this.#engine.qjs_set_promise_rejection_handler(1);
  }

  /** Compiles a script to bytecode with line numbers and without its source. Throws build_failed. */
  compile(code: string, filename: string): Uint8Array {
    const engine = this.#engine;
    engine.qjs_set_memory_limit(HEAP_BYTES_MAX);
    const [text, textLength] = this.#put(new TextEncoder().encode(code));
    const [file] = this.#put(new TextEncoder().encode(filename));
    const [lengthTo] = this.#put(new Uint8Array(4));
    const bytecode = withinStack(() => engine.qjs_compile(text, textLength, file, 0, STRIP_SOURCE, lengthTo));
    if (bytecode === 0) throw new NanosError('build_failed', `The engine does not compile ${filename}: ${this.#takeException()}`);
    const length = new DataView(engine.memory.buffer).getUint32(lengthTo, true);
    return new Uint8Array(engine.memory.buffer, bytecode, length).slice();
  }

  /** Defines the functions that the prelude takes over from the global object. */
  defineFunctions(): void {
    const global = this.#engine.qjs_get_global();
    for (const letter of FUNCTIONS) {
      const [name] = this.#put(new TextEncoder().encode(letter));
      const [property, propertyLength] = this.#put(new TextEncoder().encode(`__nanos_${letter}`));
      this.#engine.qjs_set_prop_string(global, property, this.#engine.qjs_new_host_function(name, 1, 4));
      this.#drop(name, 2);
      this.#drop(property, propertyLength);
    }
    this.#engine.qjs_free_value(global);
  }

  /** Evaluates bytecode that this version of the engine compiled. */
  evaluate(bytecode: Uint8Array): void {
    const [pointer, length] = this.#put(bytecode);
    const result = this.#engine.qjs_eval_bytecode(pointer, length);
    this.#drop(pointer, length);
    if (this.#engine.qjs_is_exception(result)) throw new NanosError('internal', `The engine does not evaluate its prelude: ${this.#takeException()}`);
    this.#engine.qjs_free_value(result);
  }

  /** Makes the named global function the one that nanos_start and nanos_resume call. */
  setDispatcher(name: string): void {
    const global = this.#engine.qjs_get_global();
    const [property, length] = this.#put(new TextEncoder().encode(name));
    const box = this.#engine.qjs_get_prop_string(global, property);
    this.#engine.engine_set_dispatcher(box);
    this.#engine.qjs_free_value(box);
    this.#engine.qjs_free_value(global);
    this.#drop(property, length);
  }

  /** All there is to the engine and what was put into it. */
  state(): GuestState {
    const { memory, __stack_pointer, engine_dispatcher, engine_is_doomed } = this.#engine;
    this.#engine.qjs_run_gc();
    return {
      pages: memory.buffer.byteLength / WASM_PAGE_BYTES,
      memory: new Uint8Array(memory.buffer),
      // in the order in which the engine's build merges its parts
      globals: [__stack_pointer, engine_dispatcher, engine_is_doomed].map(({ value }) => value as number | bigint),
    };
  }

  /** A copy with a NUL behind it. */
  #put(bytes: Uint8Array): [pointer: number, length: number] {
    const pointer = this.#engine.wasm_malloc(bytes.length + 1);
    if (pointer === 0) throw new NanosError('build_limit', 'The agent is too large for the engine’s memory');
    const memory = new Uint8Array(this.#engine.memory.buffer, pointer, bytes.length + 1);
    memory.set(bytes);
    memory[bytes.length] = 0;
    return [pointer, bytes.length];
  }

  /** Free memory is part of the agent's image: zeros take no room in it. */
  #drop(pointer: number, length: number): void {
    new Uint8Array(this.#engine.memory.buffer, pointer, length).fill(0);
    this.#engine.wasm_free(pointer);
  }

  #takeException(): string {
    const value = this.#engine.qjs_get_exception();
    const [lengthTo] = this.#put(new Uint8Array(4));
    const text = this.#engine.qjs_get_string_len(value, lengthTo);
    const length = new DataView(this.#engine.memory.buffer).getUint32(lengthTo, true);
    return new TextDecoder().decode(new Uint8Array(this.#engine.memory.buffer, text, length));
  }
}

/** V8's stack is smaller than it should be where the process was not started by bin/nanos. */
function withinStack<T>(compile: () => T): T {
  try {
    return compile();
  } catch (cause) {
    if (cause instanceof RangeError) throw new NanosError('build_limit', 'The agent’s code is nested too deeply to be compiled', { cause });
    throw cause;
  }
}

function refuse(): never {
  throw new NanosError('internal', 'A syscall was made while the agent was compiled');
}
