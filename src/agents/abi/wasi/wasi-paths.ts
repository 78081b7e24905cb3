/** WASI preview 1: what is done with paths. */
import { AGENT_LIMITS } from '../../../protocol/agent-limits.ts';
import type { OpenFile } from './open-file.ts';
import { refuseTimes } from './refuse-times.ts';
import { resolvePath, type ResolvedPath } from './resolve-path.ts';
import { FILE_TYPE, OPEN_FLAG, RIGHT, RIGHTS_DIRECTORY, RIGHTS_FILE, type Right } from './wasi-constants.ts';
import type { WasiContext, WasiFunctions } from './wasi-context.ts';
import { WasiError } from './wasi-errno.ts';
import type { WasiFileStatus } from './wasi-files.ts';
import { writeFileStatus } from './write-file-status.ts';

interface OpenRequest extends ResolvedPath {
  readonly flags: number;
  readonly rights: bigint;
  readonly rightsInheriting: bigint;
  readonly fdFlags: number;
}

export function pathFunctions({ memory, descriptors, files }: WasiContext): WasiFunctions {
  const resolve = (fd: number, pointer: number, length: number, right: Right): ResolvedPath => {
    const { path } = descriptors.directory(fd, right);
    if (length >>> 0 > AGENT_LIMITS.pathBytesMax) throw new WasiError('nametoolong');
    const text = memory.text(pointer, length);
    if (text === undefined) throw new WasiError('ilseq');
    return resolvePath(path, text);
  };

  const existing = ({ path, mustBeDirectory }: ResolvedPath): WasiFileStatus => {
    const status = files.status(path);
    if (status === undefined) throw new WasiError('noent');
    if (mustBeDirectory && status.type !== FILE_TYPE.directory) throw new WasiError('notdir');
    return status;
  };

  const openDirectory = ({ path, flags, rights, rightsInheriting, fdFlags }: OpenRequest): number => {
    const wantsFile = (flags & (OPEN_FLAG.creat | OPEN_FLAG.trunc)) !== 0 || (rights & RIGHT.fdWrite) !== 0n;
    if (wantsFile) throw new WasiError('isdir');
    return descriptors.add({ kind: 'directory', path, preopen: undefined, entries: undefined, flags: fdFlags, rights: rights & RIGHTS_DIRECTORY, rightsInheriting });
  };

  const addFile = (file: OpenFile, { rights, rightsInheriting, fdFlags }: OpenRequest): number => {
    const fd = descriptors.add({ kind: 'file', file, position: 0, flags: fdFlags, rights: rights & RIGHTS_FILE, rightsInheriting });
    file.descriptors++;
    return fd;
  };

  const open = (request: OpenRequest): number => {
    const { path, flags, mustBeDirectory } = request;
    const [creates, empties, exclusive, directory] = [OPEN_FLAG.creat, OPEN_FLAG.trunc, OPEN_FLAG.excl, OPEN_FLAG.directory].map((flag) => (flags & flag) !== 0);
    if (creates === true && directory === true) throw new WasiError('inval');
    // What may only be written can't be looked at first.
    if (creates === true && empties === true && exclusive !== true && !mustBeDirectory) return addFile(files.create(path), request);
    const status = files.status(path);
    if (status === undefined) {
      if (creates !== true) throw new WasiError('noent');
      if (mustBeDirectory) throw new WasiError('isdir');
      return addFile(files.create(path), request);
    }
    if (creates === true && exclusive === true) throw new WasiError('exist');
    if (status.type === FILE_TYPE.directory) return openDirectory(request);
    if (directory === true || mustBeDirectory) throw new WasiError('notdir');
    return addFile(empties === true ? files.create(path) : files.open(path), request);
  };

  return {
    path_create_directory: (fd: number, pointer: number, length: number) => files.makeDirectory(resolve(fd, pointer, length, 'pathCreateDirectory').path),
    path_filestat_get: (fd: number, _lookup: number, pointer: number, length: number, result: number) => {
      memory.view(result, 64);
      writeFileStatus(memory, result, existing(resolve(fd, pointer, length, 'pathFilestatGet')));
    },
    path_open: (fd: number, _lookup: number, pointer: number, length: number, flags: number, rights: bigint, inheriting: bigint, fdFlags: number, result: number) => {
      const folder = descriptors.directory(fd, 'pathOpen');
      const resolved = resolve(fd, pointer, length, 'pathOpen');
      if ((flags & OPEN_FLAG.creat) !== 0) descriptors.get(fd, 'pathCreateFile');
      if ((flags & OPEN_FLAG.trunc) !== 0) descriptors.get(fd, 'pathFilestatSetSize');
      memory.view(result, 4);
      descriptors.requireFree();
      const inherited = folder.rightsInheriting;
      memory.setU32(result, open({ ...resolved, flags, fdFlags, rights: BigInt.asUintN(64, rights) & inherited, rightsInheriting: BigInt.asUintN(64, inheriting) & inherited }));
    },
    path_unlink_file: (fd: number, pointer: number, length: number) => {
      const resolved = resolve(fd, pointer, length, 'pathUnlinkFile');
      if (resolved.mustBeDirectory && existing(resolved).type === FILE_TYPE.directory) throw new WasiError('isdir');
      files.removeFile(resolved.path);
    },
    path_remove_directory: (fd: number, pointer: number, length: number) => {
      const resolved = resolve(fd, pointer, length, 'pathRemoveDirectory');
      if (resolved.path === '') throw new WasiError('busy');
      files.removeDirectory(resolved.path);
    },
    path_rename: (fd: number, pointer: number, length: number, toFd: number, toPointer: number, toLength: number) => {
      const from = resolve(fd, pointer, length, 'pathRenameSource');
      const to = resolve(toFd, toPointer, toLength, 'pathRenameTarget');
      existing(from);
      if (to.mustBeDirectory) throw new WasiError('notdir');
      files.rename(from.path, to.path);
    },
    path_filestat_set_times: (fd: number, _lookup: number, pointer: number, length: number, _accessed: bigint, _modified: bigint, flags: number) => {
      resolve(fd, pointer, length, 'pathFilestatSetTimes');
      refuseTimes(flags);
    },
    path_link: unsupported,
    path_readlink: unsupported,
    path_symlink: unsupported,
  };
}

function unsupported(): void {
  throw new WasiError('notsup');
}
