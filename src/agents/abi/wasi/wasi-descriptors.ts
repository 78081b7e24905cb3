/** WASI preview 1: what is done with open descriptors. */
import { descriptorType, type FileDescriptor } from './descriptors.ts';
import { refuseTimes } from './refuse-times.ts';
import { FD_FLAG, FILE_TYPE, RIGHTS_ALL, WHENCE } from './wasi-constants.ts';
import type { WasiContext, WasiFunctions } from './wasi-context.ts';
import { WasiError } from './wasi-errno.ts';
import { fileStatus, inodeOf, type WasiEntry, type WasiFileStatus } from './wasi-files.ts';
import { WASI_LIMITS } from './wasi-limits.ts';
import { writeFileStatus } from './write-file-status.ts';

const DIRECTORY_ENTRY_BYTES = 24;
const ADVICE_MAX = 5;
const SETTABLE_FLAGS = FD_FLAG.append | FD_FLAG.nonblock;

export function descriptorFunctions({ calls, memory, descriptors, files }: WasiContext): WasiFunctions {
  const buffers = (list: number, count: number): Uint8Array[] => {
    if (count >>> 0 > WASI_LIMITS.buffersMax) throw new WasiError('inval');
    return Array.from({ length: count }, (_, index) => memory.view(memory.getU32(list + 8 * index), memory.getU32(list + 8 * index + 4)));
  };

  /** What a write carries is copied. */
  const sourcesOf = (list: number, count: number): Uint8Array[] => {
    const sources = buffers(list, count);
    if (sources.reduce((sum, { length }) => sum + length, 0) > WASI_LIMITS.fileBytesMax) throw new WasiError('fbig');
    return sources.map((source) => source.slice());
  };

  const readInto = (file: FileDescriptor, at: number, targets: readonly Uint8Array[]): number => {
    let read = 0;
    for (const target of targets) {
      const bytes = file.file.read(at + read, target.length);
      target.set(bytes);
      read += bytes.length;
    }
    return read;
  };

  const writeAll = ({ file }: FileDescriptor, at: number, sources: readonly Uint8Array[]): number => {
    let written = 0;
    for (const source of sources) {
      file.write(at + written, source, calls.clock());
      written += source.length;
    }
    return written;
  };

  const seek = (fd: number, offset: bigint, whence: number, result: number): void => {
    const file = descriptors.file(fd, whence === WHENCE.current && offset === 0n ? 'fdTell' : 'fdSeek', 'spipe');
    const base = seekBase(file, whence);
    const position = BigInt(base) + offset;
    if (position < 0n || position > BigInt(Number.MAX_SAFE_INTEGER)) throw new WasiError('inval');
    memory.view(result, 8);
    file.position = Number(position);
    memory.setU64(result, position);
  };

  const sync = (fd: number): void => {
    const descriptor = descriptors.get(fd);
    if (descriptor.kind === 'file') files.sync(descriptor.file);
  };

  const status = (fd: number): WasiFileStatus => {
    const descriptor = descriptors.get(fd, 'fdFilestatGet');
    if (descriptor.kind === 'file') return fileStatus(descriptor.file);
    if (descriptor.kind !== 'directory') return { inode: inodeOf(String(fd)), type: FILE_TYPE.characterDevice, size: 0n, modified: 0n };
    const found = files.status(descriptor.path);
    if (found === undefined) throw new WasiError('noent');
    return found;
  };

  return {
    fd_advise: (fd: number, offset: bigint, length: bigint, advice: number) => {
      descriptors.file(fd, 'fdAdvise');
      if (advice >>> 0 > ADVICE_MAX || offset < 0n || length < 0n) throw new WasiError('inval');
    },
    fd_allocate: (fd: number) => {
      descriptors.file(fd, undefined);
      throw new WasiError('notsup');
    },
    fd_close: (fd: number) => {
      const descriptor = descriptors.get(fd);
      descriptors.remove(fd);
      if (descriptor.kind === 'file') files.release(descriptor.file);
    },
    fd_datasync: sync,
    fd_sync: sync,
    fd_fdstat_get: (fd: number, result: number) => {
      const descriptor = descriptors.get(fd);
      memory.view(result, 24).fill(0);
      memory.view(result, 4).set([descriptorType(descriptor), 0, descriptor.flags]);
      memory.setU64(result + 8, descriptor.rights);
      memory.setU64(result + 16, descriptor.rightsInheriting);
    },
    fd_fdstat_set_flags: (fd: number, flags: number) => {
      const descriptor = descriptors.get(fd, 'fdFdstatSetFlags');
      if ((flags & ~SETTABLE_FLAGS) !== 0) throw new WasiError('inval');
      descriptor.flags = flags;
    },
    fd_fdstat_set_rights: (fd: number, rights: bigint, inheriting: bigint) => {
      const descriptor = descriptors.get(fd);
      const [base, inherited] = [BigInt.asUintN(64, rights), BigInt.asUintN(64, inheriting)];
      if ((base & ~descriptor.rights) !== 0n || (inherited & ~descriptor.rightsInheriting) !== 0n) throw new WasiError('notcapable');
      descriptor.rights = base;
      descriptor.rightsInheriting = inherited & RIGHTS_ALL;
    },
    fd_filestat_get: (fd: number, result: number) => writeFileStatus(memory, result, status(fd)),
    fd_filestat_set_size: (fd: number, size: bigint) => {
      const { file } = descriptors.file(fd, 'fdFilestatSetSize', 'inval');
      if (size < 0n) throw new WasiError('inval');
      if (size > BigInt(WASI_LIMITS.fileBytesMax)) throw new WasiError('fbig');
      memory.charge(WASI_LIMITS.fileBytesMax);
      file.resize(Number(size), calls.clock());
    },
    fd_filestat_set_times: (fd: number, _accessed: bigint, _modified: bigint, flags: number) => {
      descriptors.get(fd);
      refuseTimes(flags);
    },
    fd_prestat_get: (fd: number, result: number) => {
      memory.view(result, 8).fill(0);
      memory.setU32(result + 4, preopenName(fd).length);
    },
    fd_prestat_dir_name: (fd: number, pointer: number, length: number) => {
      const name = preopenName(fd);
      if (name.length > length >>> 0) throw new WasiError('nametoolong');
      memory.write(pointer, name);
    },
    fd_read: (fd: number, list: number, count: number, result: number) => {
      const descriptor = descriptors.get(fd, 'fdRead');
      const targets = buffers(list, count);
      memory.view(result, 4);
      if (descriptor.kind !== 'file') return memory.setU32(result, 0);
      const read = readInto(descriptor, descriptor.position, targets);
      descriptor.position += read;
      memory.setU32(result, read);
    },
    fd_pread: (fd: number, list: number, count: number, offset: bigint, result: number) => {
      const file = descriptors.file(fd, 'fdRead', 'spipe');
      memory.view(result, 4);
      memory.setU32(result, readInto(file, toOffset(offset), buffers(list, count)));
    },
    fd_write: (fd: number, list: number, count: number, result: number) => {
      const descriptor = descriptors.get(fd, 'fdWrite');
      const sources = sourcesOf(list, count);
      memory.view(result, 4);
      if (descriptor.kind === 'output') descriptor.lines.write(Buffer.concat(sources));
      if (descriptor.kind === 'file') {
        if ((descriptor.flags & FD_FLAG.append) !== 0) descriptor.position = descriptor.file.size;
        descriptor.position += writeAll(descriptor, descriptor.position, sources);
      }
      memory.setU32(result, sources.reduce((sum, { length }) => sum + length, 0));
    },
    fd_pwrite: (fd: number, list: number, count: number, offset: bigint, result: number) => {
      const file = descriptors.file(fd, 'fdWrite', 'spipe');
      memory.view(result, 4);
      memory.setU32(result, writeAll(file, toOffset(offset), sourcesOf(list, count)));
    },
    fd_readdir: (fd: number, buffer: number, length: number, cookie: bigint, result: number) => {
      const folder = descriptors.directory(fd, 'fdReaddir');
      const target = memory.view(buffer, length);
      memory.view(result, 4);
      if (cookie === 0n || folder.entries === undefined) folder.entries = files.list(folder.path);
      memory.setU32(result, writeEntries(target, folder.entries, cookie));
    },
    fd_renumber: (from: number, to: number) => {
      const moved = descriptors.get(from);
      const replaced = descriptors.get(to);
      if (moved === replaced) return;
      descriptors.move(from, to);
      if (replaced.kind === 'file') files.release(replaced.file);
    },
    fd_seek: seek,
    fd_tell: (fd: number, result: number) => seek(fd, 0n, WHENCE.current, result),
    sock_shutdown: notSocket,
    sock_accept: notSocket,
    sock_recv: notSocket,
    sock_send: notSocket,
  };

  function preopenName(fd: number): Uint8Array {
    const descriptor = descriptors.get(fd);
    if (descriptor.kind !== 'directory' || descriptor.preopen === undefined) throw new WasiError('badf');
    return new TextEncoder().encode(descriptor.preopen);
  }

  function notSocket(fd: number): void {
    descriptors.get(fd);
    throw new WasiError('notsock');
  }
}

function seekBase({ file, position }: FileDescriptor, whence: number): number {
  if (whence === WHENCE.set) return 0;
  if (whence === WHENCE.current) return position;
  if (whence === WHENCE.end) return file.size;
  throw new WasiError('inval');
}

function toOffset(offset: bigint): number {
  if (offset < 0n || offset > BigInt(Number.MAX_SAFE_INTEGER)) throw new WasiError('inval');
  return Number(offset);
}

/** Entries from `cookie` on, the last one cut off where the buffer ends: then it is full, and the guest asks again. */
function writeEntries(target: Uint8Array, entries: readonly WasiEntry[], cookie: bigint): number {
  let used = 0;
  const first = BigInt.asUintN(64, cookie) < entries.length ? Number(cookie) : entries.length;
  for (let index = first; index < entries.length && used < target.length; index++) {
    const { name, type, inode } = entries[index] ?? { name: '', type: 0, inode: 0n };
    const bytes = new TextEncoder().encode(name);
    const entry = new Uint8Array(DIRECTORY_ENTRY_BYTES + bytes.length);
    const head = new DataView(entry.buffer);
    head.setBigUint64(0, BigInt(index + 1), true);
    head.setBigUint64(8, inode, true);
    head.setUint32(16, bytes.length, true);
    head.setUint8(20, type);
    entry.set(bytes, DIRECTORY_ENTRY_BYTES);
    const fitting = entry.subarray(0, target.length - used);
    target.set(fitting, used);
    used += fitting.length;
  }
  return used;
}
