import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, realpathSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { fileErrorCode } from '../../util/file-error.ts';

/** What a path leads to changed while it was looked at: try again from the start. */
export class PathMoved extends Error {
  override readonly name = 'PathMoved';
}

const FOLDER_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const HAS_DESCRIPTOR_PATHS = process.platform === 'linux';

/**
 * A folder that is open and known to be where it was looked for. On Linux, names in it are looked up in the very folder (through /proc/self/fd, as
 * openat(2) does), so no link put on the way to it meanwhile leads anywhere else. Elsewhere, what is opened is compared with what the path leads to after.
 */
export class OpenFolder {
  /** absolute, without links */
  readonly path: string;
  readonly #descriptor: number;

  private constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
  }

  /** `path` has no links in it, as realpath gives it. Throws PathMoved when that does not hold any more. */
  static open(path: string): OpenFolder {
    return OpenFolder.#openAt(path, path);
  }

  static #openAt(way: string, path: string): OpenFolder {
    const descriptor = openStill(way, FOLDER_FLAGS);
    if (whereIs(descriptor, path) === path) return new OpenFolder(path, descriptor);
    closeSync(descriptor);
    throw new PathMoved();
  }

  openFolder(name: string): OpenFolder {
    return OpenFolder.#openAt(this.at(name), join(this.path, name));
  }

  /** For the functions of node:fs that don't follow a link in the last place. */
  at(name: string): string {
    return HAS_DESCRIPTOR_PATHS ? `/proc/self/fd/${this.#descriptor}/${name}` : join(this.path, name);
  }

  /** A descriptor of the file; the caller closes it. Throws PathMoved when it is a link by now. */
  openFile(name: string, flags: number, mode?: number): number {
    const descriptor = openStill(this.at(name), flags | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY, mode);
    const path = join(this.path, name);
    if (HAS_DESCRIPTOR_PATHS || whereIs(descriptor, path) === path) return descriptor;
    closeSync(descriptor);
    throw new PathMoved();
  }

  /** undefined: there is nothing of that name. */
  look(name: string): Stats | undefined {
    return lstatSync(this.at(name), { throwIfNoEntry: false });
  }

  /** What `use` returns; the folder is closed then. */
  with<T>(use: (folder: this) => T): T {
    try {
      return use(this);
    } finally {
      closeSync(this.#descriptor);
    }
  }
}

function openStill(way: string, flags: number, mode?: number): number {
  try {
    return openSync(way, flags, mode);
  } catch (error) {
    const code = fileErrorCode(error);
    throw code === 'ELOOP' || code === 'ENOTDIR' || (code === 'ENOENT' && (flags & constants.O_CREAT) === 0) ? new PathMoved() : error;
  }
}

/** Where the open file is now; undefined when that is not `expected` and can't be told. */
function whereIs(descriptor: number, expected: string): string | undefined {
  if (HAS_DESCRIPTOR_PATHS) return readlinkSync(`/proc/self/fd/${descriptor}`);
  const [is, there] = [fstatSync(descriptor), lstatSync(expected, { throwIfNoEntry: false })];
  return there !== undefined && sameFile(is, there) && realpathSync.native(expected) === expected ? expected : undefined;
}

export function sameFile(a: Stats, b: Stats): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}
