import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import wabt from 'wabt';
import { NanosError } from '../../src/protocol/errors.ts';
import { readModule } from '../../src/sandbox/wasm/binary/read-module.ts';
import type { FunctionType } from '../../src/sandbox/wasm/binary/wasm-module.ts';
import { meterModule } from '../../src/sandbox/wasm/meter-module.ts';
import { validateModule } from '../../src/sandbox/wasm/validate-module.ts';
import { atom, isList, readScript, stringOf, type Form, type List } from './script-reader.ts';
import { argumentsOf, instructionsOf, matches, needsBits } from './spec-values.ts';
import { SpecWorld, type Result } from './spec-world.ts';

const { parseWat } = await wabt();
const FEATURES = { mutable_globals: true, exceptions: true, tail_call: true, multi_value: true, simd: true, sat_float_to_int: true, sign_extension: true, bulk_memory: true, reference_types: true };

export interface Tally {
  same: number;
  /** why how many forms were left out */
  readonly refused: Map<string, number>;
  readonly failures: string[];
}

interface Pair {
  readonly bytes: Uint8Array;
  readonly original: WebAssembly.Instance;
  readonly metered: WebAssembly.Instance;
}

/** One .wast file, run in two worlds side by side. */
export class SpecScript {
  readonly #file: string;
  readonly #tally: Tally;
  readonly #original = new SpecWorld();
  readonly #metered = new SpecWorld();
  readonly #named = new Map<string, Pair | string>();
  #modulesLeftOut = 0;
  /** the last module, or why it was left out */
  #current: Pair | string = 'no module';

  constructor(file: string, tally: Tally) {
    this.#file = file;
    this.#tally = tally;
  }

  run(): void {
    for (const form of readScript(readFileSync(this.#file, 'utf8'))) {
      try {
        this.#form(form);
      } catch (error) {
        this.#fail(form, error instanceof Error ? (error.stack ?? error.message) : String(error));
      }
    }
  }

  #form(form: List): void {
    const head = atom(form.items[0]) ?? '';
    if (head === 'module') this.#module(form);
    else if (head === 'register') this.#register(form);
    else if (head === 'assert_malformed' || head === 'assert_invalid') this.#refused(form, head);
    else if (head === 'assert_unlinkable' || head === 'assert_uninstantiable') this.#unlinkable(form);
    else if (head === 'invoke' || head === 'get') this.#compare(form, form, 'returned', []);
    else if (isList(form.items[1], 'module')) this.#unlinkable(form);
    else this.#assert(form, head);
  }

  #assert(form: List, head: string): void {
    const kind = { assert_return: 'returned', assert_trap: 'trapped', assert_exhaustion: 'exhausted', assert_exception: 'threw' }[head];
    const action = form.items[1];
    if (kind === undefined || !isList(action)) return this.#leaveOut(`the form ${head}`);
    this.#compare(form, action, kind, form.items.slice(2));
  }

  #compare(form: List, action: List, kind: string, expected: readonly Form[]): void {
    const named = atom(action.items[1])?.startsWith('$') === true ? atom(action.items[1]) : undefined;
    const pair = named === undefined ? this.#current : (this.#named.get(named) ?? 'no module');
    if (typeof pair === 'string') return this.#leaveOut(pair);
    const rest = action.items.slice(named === undefined ? 1 : 2);
    const name = stringOf(rest[0]);
    const isGet = atom(action.items[0]) === 'get';
    const args = rest.slice(1);
    const type = typeOf(pair.bytes, name);
    const bits = !isGet && needsBits([...type.params, ...type.results], [...args, ...expected]);
    const act = (world: SpecWorld, instance: WebAssembly.Instance): Result => {
      if (isGet) return world.get(instance, name);
      return bits ? invokeByBits(world, instance, name, type, args) : world.invoke(instance, name, argumentsOf(args));
    };
    const before = act(this.#original, pair.original);
    const after = act(this.#metered, pair.metered);
    if (this.#metered.lost > 0 && before.kind === 'returned' && after.kind === 'trapped') return this.#leaveOut('functions of an instance that could not be made, and has no fuel');
    if (before.kind === kind && sameResult(before, after, expected, bits)) this.#tally.same += 1;
    else if (this.#modulesLeftOut > 0 && sameResult(before, after, [], bits)) this.#leaveOut('assertions about what a module would do that is not accepted');
    else this.#fail(form, `wanted ${kind}, before ${show(before)}, after ${show(after)}`);
  }

  #module(form: List): void {
    const name = form.items.slice(1, 3).map(atom).find((text) => text?.startsWith('$') === true);
    this.#current = this.#load(form);
    if (name !== undefined) this.#named.set(name, this.#current);
  }

  #load(form: List): Pair | string {
    const loaded = accepted(form);
    if (typeof loaded === 'string') {
      this.#modulesLeftOut += 1;
      this.#leaveOut(loaded);
      return loaded;
    }
    const before = this.#original.instantiate(loaded.bytes);
    const after = this.#metered.instantiate(loaded.metered);
    if (before.result.kind !== 'returned' || after.result.kind !== 'returned' || before.instance === undefined || after.instance === undefined) {
      if (before.result.kind === 'unlinkable' && after.result.kind === 'unlinkable') return `a module that imports another (${before.result.message})`;
      this.#fail(form, `instantiation: before ${show(before.result)}, after ${show(after.result)}`);
      return 'a module that failed';
    }
    this.#tally.same += 1;
    return { bytes: loaded.bytes, original: before.instance, metered: after.instance };
  }

  #register(form: List): void {
    const name = atom(form.items[2]);
    const pair = name === undefined ? this.#current : (this.#named.get(name) ?? 'no module');
    if (typeof pair === 'string') return this.#leaveOut(pair);
    this.#original.register(stringOf(form.items[1]), pair.original);
    this.#metered.register(stringOf(form.items[1]), pair.metered);
  }

  /** A module that links or starts in neither world. */
  #unlinkable(form: List): void {
    const module = form.items[1];
    const loaded = isList(module, 'module') ? accepted(module) : 'the form of an assertion';
    if (typeof loaded === 'string') {
      this.#modulesLeftOut += 1;
      return this.#leaveOut(loaded);
    }
    const before = this.#original.instantiate(loaded.bytes).result;
    const after = this.#metered.instantiate(loaded.metered).result;
    if (before.kind === 'returned' || after.kind !== before.kind) this.#fail(form, `before ${show(before)}, after ${show(after)}`);
    else this.#tally.same += 1;
  }

  /** What the script calls malformed or invalid must be refused, and by an error of ours. */
  #refused(form: List, head: string): void {
    const module = form.items[1];
    const bytes = isList(module, 'module') ? bytesOf(module) : undefined;
    if (bytes === undefined) return this.#leaveOut(`text of ${head} that has no binary form`);
    try {
      validateModule(bytes, { imports: () => true });
    } catch (error) {
      if (!(error instanceof NanosError)) throw error;
      this.#tally.same += 1;
      return;
    }
    if (!WebAssembly.validate(bytes)) this.#fail(form, 'accepted what the engine refuses');
    else this.#leaveOut(`what the engine takes although a script has ${head}`);
  }

  #leaveOut(why: string): void {
    const short = why.replace(/(?:at offset|at position) \d+|@\+\d+|function #\d+\S*|[0-9]+/gu, '…');
    this.#tally.refused.set(short, (this.#tally.refused.get(short) ?? 0) + 1);
  }

  #fail(form: List, why: string): void {
    this.#tally.failures.push(`${basename(this.#file)}:${form.line} ${form.source.slice(0, 120).replaceAll(/\s+/gu, ' ')}: ${why}`);
  }
}

/** The module in both forms, or why it is not run. */
function accepted(form: List): { bytes: Uint8Array; metered: Uint8Array } | string {
  const bytes = bytesOf(form);
  if (bytes === undefined) return 'text that wabt does not read';
  try {
    return { bytes, metered: meterModule(validateModule(bytes, { imports: () => true })) };
  } catch (error) {
    if (error instanceof NanosError) return error.message;
    throw error;
  }
}

function bytesOf(form: List): Uint8Array | undefined {
  const strings = form.items.flatMap((item) => (item.kind === 'string' ? [item.bytes] : []));
  const words = form.items.map(atom);
  if (words.includes('binary')) return new Uint8Array(Buffer.concat(strings));
  if (words.includes('instance')) return undefined;
  const text = words.includes('quote') ? Buffer.concat(strings).toString('utf8') : form.source.replace(/^\(module\s+definition/u, '(module');
  return assemble(words.includes('quote') && !/^\s*\(module/u.test(text) ? `(module ${text})` : text);
}

function assemble(text: string): Uint8Array | undefined {
  try {
    const module = parseWat('spec.wast', new Uint8Array(Buffer.from(text)), FEATURES);
    try {
      return new Uint8Array(module.toBinary({ write_debug_names: false }).buffer);
    } finally {
      module.destroy();
    }
  } catch {
    return undefined;
  }
}

/** Calls from a module in between, which gives back floats and vectors as integers. */
function invokeByBits(world: SpecWorld, instance: WebAssembly.Instance, name: string, type: FunctionType, args: readonly Form[]): Result {
  const between = assemble(caller(type, args));
  if (between === undefined) throw new Error(`No caller could be written for ${name}`);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(between), { m: { f: instance.exports[name] as WebAssembly.ImportValue } });
  return world.invoke({ exports: { call: exports['call'] } } as WebAssembly.Instance, 'call', []);
}

function caller({ params, results }: FunctionType, args: readonly Form[]): string {
  const outputs = results.map((type, index) => (BITS[type]?.[1] ?? '(local.get $)').replaceAll('$', String(index)));
  return `(module (import "m" "f" (func $f (param ${params.join(' ')}) (result ${results.join(' ')})))
    (func (export "call") (result ${results.map((type) => BITS[type]?.[0] ?? type).join(' ')}) (local ${results.join(' ')})
      ${args.map(instructionsOf).join(' ')} call $f ${results.map((_, index) => `local.set ${results.length - 1 - index}`).join(' ')} ${outputs.join(' ')}))`;
}

const BITS: Readonly<Record<string, readonly [types: string, instructions: string]>> = {
  f32: ['i32', '(i32.reinterpret_f32 (local.get $))'],
  f64: ['i64', '(i64.reinterpret_f64 (local.get $))'],
  v128: ['i64 i64', '(i64x2.extract_lane 0 (local.get $)) (i64x2.extract_lane 1 (local.get $))'],
};

function typeOf(bytes: Uint8Array, name: string): FunctionType {
  const module = readModule(bytes);
  const found = module.exports.find((exported) => exported.name === name && exported.kind === 'function');
  return module.types[module.functions[found?.index ?? -1] ?? -1] ?? { params: [], results: [] };
}

function sameResult(before: Result, after: Result, expected: readonly Form[], bits: boolean): boolean {
  if (before.kind !== 'returned' || after.kind !== 'returned') return before.kind === after.kind;
  return matches(before.values, expected, bits) && matches(after.values, expected, bits) && (isDeepStrictEqual(before.values.map(comparable), after.values.map(comparable)) || expected.some(isNan));
}

/** Functions differ between the worlds, whichever they are. */
function comparable(value: unknown): unknown {
  return typeof value === 'function' ? 'function' : value;
}

function isNan(form: Form): boolean {
  return isList(form) && form.items.some((item) => atom(item)?.startsWith('nan:') === true || isNan(item));
}

function show(result: Result): string {
  return result.kind === 'returned' ? `${result.kind} [${result.values.map(String).join(', ')}]` : `${result.kind} (${result.message})`;
}
