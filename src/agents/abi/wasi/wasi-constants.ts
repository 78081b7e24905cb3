/** Numbers of WASI preview 1, by the names of its witx files. */

export const FILE_TYPE = { unknown: 0, characterDevice: 2, directory: 3, regularFile: 4 } as const;

export const OPEN_FLAG = { creat: 1, directory: 2, excl: 4, trunc: 8 } as const;

export const FD_FLAG = { append: 1, dsync: 2, nonblock: 4, rsync: 8, sync: 16 } as const;

export const WHENCE = { set: 0, current: 1, end: 2 } as const;

export const CLOCK = { realtime: 0, monotonic: 1, processCpu: 2, threadCpu: 3 } as const;

export const EVENT = { clock: 0, fdRead: 1, fdWrite: 2 } as const;

/** `fstflags` */
export const TIME_FLAG = { accessed: 1, accessedNow: 2, modified: 4, modifiedNow: 8 } as const;

export const CLOCK_ABSTIME = 1;

const RIGHT_NAMES = [
  'fdDatasync',
  'fdRead',
  'fdSeek',
  'fdFdstatSetFlags',
  'fdSync',
  'fdTell',
  'fdWrite',
  'fdAdvise',
  'fdAllocate',
  'pathCreateDirectory',
  'pathCreateFile',
  'pathLinkSource',
  'pathLinkTarget',
  'pathOpen',
  'fdReaddir',
  'pathReadlink',
  'pathRenameSource',
  'pathRenameTarget',
  'pathFilestatGet',
  'pathFilestatSetSize',
  'pathFilestatSetTimes',
  'fdFilestatGet',
  'fdFilestatSetSize',
  'fdFilestatSetTimes',
  'pathSymlink',
  'pathRemoveDirectory',
  'pathUnlinkFile',
  'pollFdReadwrite',
  'sockShutdown',
  'sockAccept',
] as const;

export type Right = (typeof RIGHT_NAMES)[number];

/** The bit of each right. */
export const RIGHT = Object.fromEntries(RIGHT_NAMES.map((name, bit) => [name, 1n << BigInt(bit)])) as Readonly<Record<Right, bigint>>;

export const RIGHTS_ALL = (1n << BigInt(RIGHT_NAMES.length)) - 1n;
const ASKED_OF_DIRECTORIES: ReadonlySet<string> = new Set(['fdReaddir', 'fdFilestatGet', 'fdFilestatSetTimes', 'fdFdstatSetFlags', 'fdSync', 'fdDatasync']);

/** What can be asked of a directory itself. */
export const RIGHTS_DIRECTORY = RIGHT_NAMES.filter((name) => name.startsWith('path') || ASKED_OF_DIRECTORIES.has(name)).reduce((sum, name) => sum | RIGHT[name], 0n);
/** What can be asked of a regular file. */
export const RIGHTS_FILE = RIGHT_NAMES.filter((name) => name.startsWith('fd') && name !== 'fdReaddir').reduce((sum, name) => sum | RIGHT[name], RIGHT.pollFdReadwrite);
