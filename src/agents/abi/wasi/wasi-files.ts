import { hash } from 'node:crypto';
import { CallFailed, type BlockingCalls } from '../blocking-calls.ts';
import { OpenFile, type ByteAccount } from './open-file.ts';
import { FILE_TYPE } from './wasi-constants.ts';
import { WasiError } from './wasi-errno.ts';

const EMPTY = new Uint8Array(0);
const MS_NS = 1_000_000n;

export interface WasiFileStatus {
  readonly inode: bigint;
  readonly type: number;
  readonly size: bigint;
  /** ns since the epoch */
  readonly modified: bigint;
}

export interface WasiEntry {
  readonly name: string;
  readonly type: number;
  readonly inode: bigint;
}

/** The files of a guest of WASI: everything that it asks of them is a syscall of ours, through the gate and on record. Whole files are read, and written back when they are closed or synced. */
export class WasiFiles {
  readonly #calls: BlockingCalls;
  readonly #open = new Map<string, OpenFile>();
  readonly #account: ByteAccount = { used: 0 };

  constructor(calls: BlockingCalls) {
    this.#calls = calls;
  }

  /** Undefined where nothing stands. */
  status(path: string): WasiFileStatus | undefined {
    const open = this.#open.get(path);
    if (open !== undefined) return fileStatus(open);
    try {
      const { type, size, modifiedMs } = this.#json('fs_stat', path) as { type: string; size: number; modifiedMs: number };
      return { inode: inodeOf(path), type: fileType(type), size: BigInt(size), modified: BigInt(modifiedMs) * MS_NS };
    } catch (error) {
      if (error instanceof CallFailed && error.code === 'not_found') return undefined;
      throw error;
    }
  }

  /** By name, with `.` and `..`. */
  list(path: string): WasiEntry[] {
    const found = this.#json('fs_list', path) as { name: string; type: string }[];
    const parent = parentOf(path);
    const entries = found.map(({ name, type }) => ({ name, type: fileType(type), inode: inodeOf(path === '' ? name : `${path}/${name}`) }));
    return [{ name: '.', type: FILE_TYPE.directory, inode: inodeOf(path) }, { name: '..', type: FILE_TYPE.directory, inode: inodeOf(parent) }, ...entries];
  }

  /** A file that exists. Its content is read when it is first needed. */
  open(path: string): OpenFile {
    return this.#share(path, () => this.#calls.call('fs_read', { path }));
  }

  /** An empty file, in the place of what was there. */
  create(path: string): OpenFile {
    this.#calls.call('fs_write', { path }, EMPTY);
    const open = this.#share(path, () => EMPTY);
    open.resize(0, this.#calls.clock());
    open.written();
    return open;
  }

  /** Writes back what changed. */
  sync(file: OpenFile): void {
    if (!file.changed) return;
    this.#calls.call('fs_write', { path: file.path }, file.bytes);
    file.written();
  }

  syncAll(): void {
    for (const file of this.#open.values()) {
      try {
        this.sync(file);
      } catch (error) {
        // As in POSIX, nobody is told who didn't close: the denial is on record.
        if (!(error instanceof CallFailed)) throw error;
      }
    }
  }

  /** One descriptor less. It is gone also when what changed can't be written, which throws. */
  release(file: OpenFile): void {
    if (--file.descriptors > 0) return;
    try {
      this.sync(file);
    } finally {
      if (this.#open.get(file.path) === file) this.#open.delete(file.path);
      file.close();
    }
  }

  makeDirectory(path: string): void {
    if (this.status(path) !== undefined) throw new WasiError('exist');
    const parent = parentOf(path);
    if (parent !== '' && this.#existing(parent).type !== FILE_TYPE.directory) throw new WasiError('notdir');
    this.#calls.call('fs_mkdir', { path });
  }

  removeFile(path: string): void {
    const status = this.#existing(path);
    if (status.type === FILE_TYPE.directory) throw new WasiError('isdir');
    this.#calls.call('fs_remove', { path });
    this.#forget(path);
  }

  removeDirectory(path: string): void {
    const status = this.#existing(path);
    if (status.type !== FILE_TYPE.directory) throw new WasiError('notdir');
    if (this.list(path).length > 2) throw new WasiError('notempty');
    this.#calls.call('fs_remove', { path });
  }

  /** Of files alone: with a directory everything in it would change its name, and what the agent may do with it. */
  rename(from: string, to: string): void {
    if (this.#existing(from).type === FILE_TYPE.directory) throw new WasiError('notsup');
    if (this.status(to)?.type === FILE_TYPE.directory) throw new WasiError('isdir');
    if (from === to) return;
    const open = this.#open.get(from);
    if (open !== undefined) this.sync(open);
    this.#calls.call('fs_rename', { from, to });
    this.#forget(to);
    if (open === undefined) return;
    this.#open.delete(from);
    open.path = to;
    this.#open.set(to, open);
  }

  #existing(path: string): WasiFileStatus {
    const status = this.status(path);
    if (status === undefined) throw new WasiError('noent');
    return status;
  }

  /** Descriptors that lead there keep the content, and what they write is lost. */
  #forget(path: string): void {
    const open = this.#open.get(path);
    if (open === undefined) return;
    open.removed = true;
    this.#open.delete(path);
  }

  #share(path: string, load: () => Uint8Array): OpenFile {
    const open = this.#open.get(path) ?? new OpenFile(path, load, this.#calls.clock(), this.#account);
    this.#open.set(path, open);
    return open;
  }

  #json(name: 'fs_stat' | 'fs_list', path: string): unknown {
    return JSON.parse(new TextDecoder().decode(this.#calls.call(name, { path: path === '' ? '.' : path })));
  }
}

export function fileStatus(file: OpenFile): WasiFileStatus {
  return { inode: inodeOf(file.path), type: FILE_TYPE.regularFile, size: BigInt(file.size), modified: file.modified };
}

/** A number that is the same for the same path, in every run; never 0. */
export function inodeOf(path: string): bigint {
  return hash('sha256', path, 'buffer').readBigUInt64LE(0) | 1n;
}

function parentOf(path: string): string {
  return path.split('/').slice(0, -1).join('/');
}

function fileType(type: string): number {
  if (type === 'file') return FILE_TYPE.regularFile;
  return type === 'directory' ? FILE_TYPE.directory : FILE_TYPE.unknown;
}
