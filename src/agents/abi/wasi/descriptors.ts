import type { OpenFile } from './open-file.ts';
import type { OutputLines } from './output-lines.ts';
import { FILE_TYPE, RIGHT, RIGHTS_ALL, RIGHTS_DIRECTORY, type Right } from './wasi-constants.ts';
import { WasiError } from './wasi-errno.ts';
import type { WasiEntry } from './wasi-files.ts';
import { WASI_LIMITS } from './wasi-limits.ts';

interface Common {
  flags: number;
  rights: bigint;
  rightsInheriting: bigint;
}

export interface InputDescriptor extends Common {
  readonly kind: 'input';
}

export interface OutputDescriptor extends Common {
  readonly kind: 'output';
  readonly lines: OutputLines;
}

export interface DirectoryDescriptor extends Common {
  readonly kind: 'directory';
  readonly path: string;
  /** the name that the guest knows a preopened one by */
  readonly preopen: string | undefined;
  /** as it was listed last */
  entries: readonly WasiEntry[] | undefined;
}

export interface FileDescriptor extends Common {
  readonly kind: 'file';
  readonly file: OpenFile;
  position: number;
}

export type Descriptor = InputDescriptor | OutputDescriptor | DirectoryDescriptor | FileDescriptor;
type OfKind<K extends Descriptor['kind']> = Extract<Descriptor, { kind: K }>;

const STREAM_RIGHTS = RIGHT.fdFdstatSetFlags | RIGHT.fdFilestatGet | RIGHT.pollFdReadwrite;

/** Open descriptors: 0 to 2 are the standard streams, 3 the manifest's folder as `/`. */
export class Descriptors {
  readonly #open = new Map<number, Descriptor>();

  constructor(output: OutputLines, errors: OutputLines) {
    this.#open.set(0, { kind: 'input', flags: 0, rights: STREAM_RIGHTS | RIGHT.fdRead, rightsInheriting: 0n });
    this.#open.set(1, { kind: 'output', lines: output, flags: 0, rights: STREAM_RIGHTS | RIGHT.fdWrite, rightsInheriting: 0n });
    this.#open.set(2, { kind: 'output', lines: errors, flags: 0, rights: STREAM_RIGHTS | RIGHT.fdWrite, rightsInheriting: 0n });
    this.#open.set(3, { kind: 'directory', path: '', preopen: '/', entries: undefined, flags: 0, rights: RIGHTS_DIRECTORY, rightsInheriting: RIGHTS_ALL });
  }

  /** EBADF where none is open, ENOTCAPABLE where it lacks the right. */
  get(fd: number, right?: Right): Descriptor {
    const descriptor = this.#open.get(fd);
    if (descriptor === undefined) throw new WasiError('badf');
    if (right !== undefined && (descriptor.rights & RIGHT[right]) === 0n) throw new WasiError('notcapable');
    return descriptor;
  }

  directory(fd: number, right?: Right): DirectoryDescriptor {
    const descriptor = this.get(fd);
    if (descriptor.kind !== 'directory') throw new WasiError('notdir');
    this.get(fd, right);
    return descriptor;
  }

  /** `otherwise`: the error where it is something else. */
  file(fd: number, right: Right | undefined, otherwise: 'badf' | 'spipe' | 'inval' = 'badf'): FileDescriptor {
    const descriptor = this.get(fd);
    if (descriptor.kind === 'directory') throw new WasiError('badf');
    if (descriptor.kind !== 'file') throw new WasiError(otherwise);
    this.get(fd, right);
    return descriptor;
  }

  /** The lowest number that is free. */
  add(descriptor: OfKind<'directory' | 'file'>): number {
    this.requireFree();
    let fd = 0;
    while (this.#open.has(fd)) fd++;
    this.#open.set(fd, descriptor);
    return fd;
  }

  requireFree(): void {
    if (this.#open.size >= WASI_LIMITS.descriptorsMax) throw new WasiError('mfile');
  }

  remove(fd: number): void {
    this.#open.delete(fd);
  }

  move(from: number, to: number): void {
    this.#open.set(to, this.get(from));
    this.#open.delete(from);
  }
}

export function descriptorType({ kind }: Descriptor): number {
  if (kind === 'file') return FILE_TYPE.regularFile;
  return kind === 'directory' ? FILE_TYPE.directory : FILE_TYPE.characterDevice;
}
