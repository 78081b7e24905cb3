import { CallFailed, type BlockingCalls } from '../blocking-calls.ts';
import { MemoryFault, type GuestMemory } from '../guest-memory.ts';
import { WASI_NAMES } from '../import-signatures.ts';
import { Descriptors } from './descriptors.ts';
import { OutputLines } from './output-lines.ts';
import type { WasiContext } from './wasi-context.ts';
import { descriptorFunctions } from './wasi-descriptors.ts';
import { ERRNO, ERRNO_OF_CALL, WasiError, type Errno } from './wasi-errno.ts';
import { WasiFiles } from './wasi-files.ts';
import { pathFunctions } from './wasi-paths.ts';
import { processFunctions } from './wasi-process.ts';

type Import = (...args: never[]) => number;

/** WASI preview 1 for one guest. It is made of our syscalls: whatever goes out or comes in passes the gate and is on record, and in a replay this does as it did then. */
export class WasiHost {
  readonly imports: Readonly<Record<string, Import>>;
  readonly #files: WasiFiles;
  readonly #streams: readonly OutputLines[];

  constructor(calls: BlockingCalls, memory: GuestMemory) {
    const log: BlockingCalls['log'] = (level, text) => calls.log(level, text);
    const [output, errors] = [new OutputLines('info', log), new OutputLines('warn', log)];
    this.#streams = [output, errors];
    this.#files = new WasiFiles(calls);
    const context: WasiContext = { calls, memory, files: this.#files, descriptors: new Descriptors(output, errors) };
    const functions = { ...processFunctions(context, () => this.finish()), ...descriptorFunctions(context), ...pathFunctions(context) };
    this.imports = Object.fromEntries(WASI_NAMES.map((name) => [name, toImport(functions[name] ?? unknown)]));
  }

  /** The guest ends well: what it left open is written. */
  finish(): void {
    this.flushOutput();
    this.#files.syncAll();
  }

  flushOutput(): void {
    for (const stream of this.#streams) stream.flush();
  }
}

function unknown(): void {
  throw new WasiError('nosys');
}

function toImport(act: (...args: never[]) => void): Import {
  return (...args) => {
    try {
      act(...args);
      return ERRNO.success;
    } catch (error) {
      return ERRNO[errnoOf(error)];
    }
  };
}

function errnoOf(error: unknown): Errno {
  if (error instanceof WasiError) return error.errno;
  if (error instanceof CallFailed) return ERRNO_OF_CALL[error.code];
  if (error instanceof MemoryFault) return 'fault';
  throw error;
}
