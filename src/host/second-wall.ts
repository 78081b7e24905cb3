/**
 * What the operating system holds against code that has got out of its isolate: a user without rights, no way to gain any, no files, no cores, no life beyond
 * the host's.
 * Node's permission model (child-flags.ts) binds JavaScript; this binds native code too.
 */
import { spawnSync, type ForkOptions } from 'node:child_process';
import { accessSync, chmodSync, chownSync, constants, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ARTEFACT_MODE } from '../apps/artefact/artefact-file.ts';
import type { SecondWallStatus } from '../protocol/control.ts';
import { NanosError } from '../protocol/errors.ts';
import type { SecondWallWish } from '../protocol/operator.ts';
import { CHILD_ENVIRONMENT, programFolders } from './child-flags.ts';

export interface ProcessUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

export interface SecondWall {
  /** put before a command: neither it nor what it starts can gain privileges; empty where there is none */
  readonly launcher: readonly string[];
  /** whom processes with tenants' code run as; undefined: as the host does */
  readonly user: ProcessUser | undefined;
  readonly status: SecondWallStatus;
}

/** What can be found out about, and asked of, the system. */
export interface WallSystem {
  readonly platform: string;
  readonly uid: number | undefined;
  isExecutable(file: string): boolean;
  /** undefined: there is no such user */
  lookUp(name: string): ProcessUser | undefined;
  /** The `/proc/self/status` of a process started so ('' where there is none), or the first file that it can't read, or why it did not start. */
  probe(command: readonly string[], user: ProcessUser | undefined, folder: string, files: readonly string[]): { status: string } | { unreadable: string } | { failed: string };
}

const DEFAULT_USER = 'nobody';
const LAUNCHERS = ['/usr/bin/setpriv', '/bin/setpriv'];
const SHELL = '/bin/sh';
/** A cell's one file is 4 KB, and no core is written with tenants' secrets in it; the unit of `-f` is 512 bytes or 1 KB. */
const LIMITED = 'unset PWD OLDPWD SHLVL _; ulimit -c 0 2>/dev/null; ulimit -f 8 2>/dev/null; exec "$0" "$@"';
const PROBE = 'for file; do [ -r "$file" ] || { printf %s "$file"; exit 3; }; done; [ ! -r /proc/self/status ] || cat /proc/self/status';
const PROBE_MS_MAX = 10_000;
/** Modes that let the group of {@link ProcessUser} read what was built, and pass on its way there; nobody else. */
const PASSABLE = 0o710;
const LISTABLE = 0o2750;

/** For what is started without a host. */
export const NO_WALL: Pick<SecondWall, 'launcher' | 'user'> = { launcher: [], user: undefined };

/**
 * Finds what is to be had, tries it, and lets the user of the cells read what was built below `dataDir`. Throws `second_wall_missing` when the
 * operator requires what is not to be had, `config_invalid` for a user that can't be one.
 */
export function openSecondWall(wish: SecondWallWish, dataDir: string, system: WallSystem = SYSTEM): SecondWall {
  const missing: string[] = [];
  const setpriv = findSetpriv(system, missing);
  const wanted = chooseUser(wish, system, missing);
  if (wanted !== undefined) openArtefacts(dataDir, wanted.gid);
  const { launcher, user, status } = tryOut(system, setpriv, wanted, dataDir, missing);
  if (wish.isRequired && missing.length > 0) throw new NanosError('second_wall_missing', `second_wall is required, and parts of it are not to be had here: ${missing.join('; ')}`);
  const name = user?.name ?? (system.uid === 0 ? 'root' : 'that of the host');
  return {
    launcher,
    user,
    status: { user: name, no_new_privs: flagOf(status, 'NoNewPrivs') > 0, seccomp: flagOf(status, 'Seccomp') > 0, missing },
  };
}

/** Options of `fork` for a process with tenants' code; `flags` are Node's. */
export function confinedProcess({ launcher, user }: Pick<SecondWall, 'launcher' | 'user'>, flags: readonly string[]): Pick<ForkOptions, 'execPath' | 'execArgv' | 'uid' | 'gid'> {
  return { execPath: SHELL, execArgv: ['-c', LIMITED, ...launcher, process.execPath, ...flags], ...identityOf(user) };
}

/** Options of `spawn` and `fork`. */
export function identityOf(user: ProcessUser | undefined): { uid: number; gid: number } | Record<string, never> {
  return user === undefined ? {} : { uid: user.uid, gid: user.gid };
}

/** Options of `fork` for a process that keeps the host's user and gains nothing beyond it. */
export function launchedProcess({ launcher }: Pick<SecondWall, 'launcher'>, flags: readonly string[]): Pick<ForkOptions, 'execPath' | 'execArgv'> {
  const [execPath = process.execPath, ...before] = launcher;
  return { execPath, execArgv: [...before, ...(launcher.length === 0 ? [] : [process.execPath]), ...flags] };
}

function findSetpriv({ platform, isExecutable }: WallSystem, missing: string[]): string | undefined {
  const setpriv = platform === 'linux' ? LAUNCHERS.find(isExecutable) : undefined;
  if (setpriv === undefined) missing.push(platform === 'linux' ? 'no_new_privs needs setpriv: install util-linux' : 'no_new_privs is of Linux');
  return setpriv;
}

function chooseUser({ user: wished }: SecondWallWish, { uid, lookUp }: WallSystem, missing: string[]): ProcessUser | undefined {
  if (uid !== 0) {
    if (wished !== undefined) missing.push(`only root can start cells as ${wished}: start nanos as root, or without second_wall.user`);
    return undefined;
  }
  const user = lookUp(wished ?? DEFAULT_USER);
  if (user?.uid === 0) throw new NanosError('config_invalid', `second_wall.user is ${user.name}, which has all rights. Name a user that has none`);
  if (user === undefined && wished !== undefined) throw new NanosError('config_invalid', `second_wall.user is ${wished}, and this machine has no such user`);
  if (user === undefined) missing.push(`cells run as root: there is no user ${DEFAULT_USER}; name one in second_wall.user`);
  return user;
}

interface Start {
  readonly launcher: readonly string[];
  readonly user: ProcessUser | undefined;
  readonly status: string;
}

/** The first start that works: as that user rather than as root, and with as much of a launcher as goes. */
function tryOut(system: WallSystem, setpriv: string | undefined, wanted: ProcessUser | undefined, dataDir: string, missing: string[]): Start {
  // the kernel ends what the host leaves behind, also what is stopped or hangs; setpriv before util-linux 2.33 can't ask for that
  const launchers = setpriv === undefined ? [[]] : [[setpriv, '--no-new-privs', '--pdeathsig', 'KILL'], [setpriv, '--no-new-privs'], []];
  let why = '';
  for (const user of wanted === undefined ? [undefined] : [wanted, undefined]) {
    const files = user === undefined ? [] : [process.execPath, ...programFolders(), 'artefacts'];
    for (const launcher of launchers) {
      const tried = system.probe(launcher, user, dataDir, files);
      if ('status' in tried) {
        if (launcher !== launchers[0]) missing.push(`${launcher.length === 0 ? 'no_new_privs' : 'pdeathsig'}: ${why}`);
        return { launcher, user, status: tried.status };
      }
      why = 'unreadable' in tried ? `${user?.name} can't read ${tried.unreadable}: install nanos where that user can` : tried.failed;
      if ('unreadable' in tried) break;
    }
    if (user !== undefined) missing.push(`cells run as root: ${why}`);
  }
  missing.push(`no process starts: ${why}`);
  return { launcher: [], user: undefined, status: '' };
}

function flagOf(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)$`, 'mu').exec(status)?.[1] ?? 0);
}

/** What is written from now on belongs to that group; what was there is given to it. */
function openArtefacts(dataDir: string, gid: number): void {
  const folder = join(dataDir, 'artefacts');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = join(folder, entry.name);
    if (entry.isFile() && statSync(file).gid !== gid) give(file, gid, ARTEFACT_MODE);
  }
  give(folder, gid, LISTABLE);
  give(dataDir, gid, PASSABLE);
}

function give(path: string, gid: number, mode: number): void {
  chownSync(path, statSync(path).uid, gid);
  chmodSync(path, mode);
}

function idOf(option: '-u' | '-g', name: string): number | undefined {
  const { status, stdout } = spawnSync('id', [option, '--', name], { encoding: 'utf8', timeout: PROBE_MS_MAX });
  return status === 0 && /^\d+\n$/u.test(stdout) ? Number(stdout) : undefined;
}

const SYSTEM: WallSystem = {
  platform: process.platform,
  uid: process.getuid?.(),
  isExecutable(file) {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  },
  lookUp(name) {
    const uid = idOf('-u', name);
    const gid = idOf('-g', name);
    return uid === undefined || gid === undefined ? undefined : { name, uid, gid };
  },
  probe(command, user, cwd, files) {
    const [file = SHELL, ...args] = [...command, SHELL, '-c', PROBE, SHELL, ...files];
    const { error, status, stdout, stderr } = spawnSync(file, args, { cwd, env: { ...CHILD_ENVIRONMENT }, encoding: 'utf8', timeout: PROBE_MS_MAX, ...identityOf(user) });
    if (error !== undefined) return { failed: error.message };
    if (status === 3) return { unreadable: stdout };
    return status === 0 ? { status: stdout } : { failed: stderr.trim() };
  },
};
