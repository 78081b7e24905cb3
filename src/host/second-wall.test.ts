import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { confinedProcess, launchedProcess, NO_WALL, openSecondWall, type ProcessUser, type WallSystem } from './second-wall.ts';

const isRoot = process.getuid?.() === 0;
const asRoot = { skip: isRoot ? false : 'only root can start a process as somebody else' };
const WISH = { isRequired: false, user: undefined };
const HELD = 'Name:\tcat\nNoNewPrivs:\t1\nSeccomp:\t0\n';

function temporaryFolder(t: { after(end: () => void): void }): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'nanos-wall-')));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function system(changes: Partial<WallSystem>): WallSystem {
  return {
    platform: 'linux',
    uid: 1000,
    isExecutable: (file) => file === '/usr/bin/setpriv',
    lookUp: () => undefined,
    probe: (command) => ({ status: command.length > 0 ? HELD : 'NoNewPrivs:\t0\nSeccomp:\t2\n' }),
    ...changes,
  };
}

test('a host without rights starts cells that can gain none', (t) => {
  const { launcher, user, status } = openSecondWall({ isRequired: true, user: undefined }, temporaryFolder(t), system({}));
  assert.deepEqual(launcher, ['/usr/bin/setpriv', '--no-new-privs', '--pdeathsig', 'KILL']);
  assert.equal(user, undefined);
  assert.deepEqual(status, { user: 'that of the host', no_new_privs: true, seccomp: false, missing: [] });
});

test('what is missing is said, with how to get it', (t) => {
  const folder = temporaryFolder(t);
  const missing = (changes: Partial<WallSystem>, wished?: string): readonly string[] => openSecondWall({ ...WISH, user: wished }, folder, system(changes)).status.missing;
  assert.match(missing({ isExecutable: () => false }).join(), /install util-linux/);
  assert.match(missing({ platform: 'darwin' }).join(), /Linux/);
  assert.match(missing({}, 'cells').join(), /start nanos as root/);
  assert.match(missing({ uid: 0 }).join(), /cells run as root: there is no user nobody/);
  assert.match(missing({ probe: () => ({ failed: 'setpriv: not permitted' }) }).join(), /not permitted/);
});

test('a filter of system calls is seen, whoever set it', (t) => {
  const { status } = openSecondWall(WISH, temporaryFolder(t), system({ isExecutable: () => false }));
  assert.equal(status.seccomp, true);
  assert.equal(status.no_new_privs, false);
});

test('what is required and not to be had keeps the host from starting', (t) => {
  const folder = temporaryFolder(t);
  const wish = { isRequired: true, user: undefined };
  for (const changes of [{ isExecutable: () => false }, { platform: 'darwin' }, { uid: 0 }, { probe: () => ({ failed: 'no' }) }]) {
    assert.throws(() => openSecondWall(wish, folder, system(changes)), { code: 'second_wall_missing' });
  }
});

test('a user that has all rights, or that is none, is refused', (t) => {
  const folder = temporaryFolder(t);
  const lookUp = (name: string): ProcessUser | undefined => (name === 'toor' ? { name, uid: 0, gid: 0 } : undefined);
  assert.throws(() => openSecondWall({ ...WISH, user: 'toor' }, folder, system({ uid: 0, lookUp })), { code: 'config_invalid', message: /toor, which has all rights/ });
  assert.throws(() => openSecondWall({ ...WISH, user: 'nemo' }, folder, system({ uid: 0, lookUp })), { code: 'config_invalid', message: /no such user/ });
});

test('root gives what was built to the group of the cells’ user, and nothing else', asRoot, (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'artefacts/index'), { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'artefacts/key.nanos'), 'built', { mode: 0o600 });
  writeFileSync(join(folder, 'tokens.json'), '{}', { mode: 0o600 });
  const { user } = openSecondWall(WISH, folder, system({ uid: 0, lookUp: (name) => ({ name, uid: 65_533, gid: 65_533 }) }));
  assert.equal(user?.name, 'nobody');
  const seen = (path: string): readonly number[] => [statSync(join(folder, path)).mode & 0o7777, statSync(join(folder, path)).gid];
  assert.deepEqual([seen('.'), seen('artefacts'), seen('artefacts/key.nanos')], [[0o710, 65_533], [0o2750, 65_533], [0o640, 65_533]]);
  assert.deepEqual([seen('artefacts/index'), seen('tokens.json')], [[0o700, 0], [0o600, 0]]);
});

test('where the user can’t read the program, cells run as root, and that is said', asRoot, (t) => {
  const lookUp = (name: string): ProcessUser => ({ name, uid: 65_533, gid: 65_533 });
  const probe: WallSystem['probe'] = (_command, user) => (user === undefined ? { status: HELD } : { unreadable: '/opt/nanos/src/' });
  const { user, status } = openSecondWall(WISH, temporaryFolder(t), system({ uid: 0, lookUp, probe }));
  assert.equal(user, undefined);
  assert.deepEqual(status, { user: 'root', no_new_privs: true, seccomp: false, missing: ["cells run as root: nobody can't read /opt/nanos/src/: install nanos where that user can"] });
});

test('a setpriv that knows less, or does not start, costs no more than what it lacks', asRoot, (t) => {
  const lookUp = (name: string): ProcessUser => ({ name, uid: 65_533, gid: 65_533 });
  const open = (refuses: (command: readonly string[]) => boolean): ReturnType<typeof openSecondWall> => {
    const probe: WallSystem['probe'] = (command) => (refuses(command) ? { failed: 'setpriv: unrecognized option' } : { status: command.length > 0 ? HELD : '' });
    return openSecondWall(WISH, temporaryFolder(t), system({ uid: 0, lookUp, probe }));
  };
  const old = open((command) => command.includes('--pdeathsig'));
  assert.deepEqual([old.launcher, old.status], [['/usr/bin/setpriv', '--no-new-privs'], { user: 'nobody', no_new_privs: true, seccomp: false, missing: ['pdeathsig: setpriv: unrecognized option'] }]);
  const none = open((command) => command.length > 0);
  assert.deepEqual([none.launcher, none.status], [[], { user: 'nobody', no_new_privs: false, seccomp: false, missing: ['no_new_privs: setpriv: unrecognized option'] }]);
});

interface Seen {
  readonly uid: number;
  readonly groups: readonly number[];
  readonly status: string;
  readonly environment: readonly string[];
  readonly outcomes: Readonly<Record<string, string>>;
}

const LOOK = `
const fs = require('node:fs');
const attempt = (action) => { try { action(); return 'done'; } catch (error) { return error.code; } };
process.on('SIGXFSZ', () => undefined);
process.send({
  uid: process.getuid(), groups: process.getgroups(), status: fs.readFileSync('/proc/self/status', 'utf8'), environment: Object.keys(process.env),
  outcomes: {
    built: attempt(() => fs.readFileSync('artefacts/key.nanos')),
    tokens: attempt(() => fs.readFileSync('tokens.json')),
    shadow: attempt(() => fs.readFileSync('/etc/shadow')),
    signal: attempt(() => process.kill(process.ppid, 0)),
    become: attempt(() => process.setuid(0)),
  },
});`;

function look(folder: string, options: ReturnType<typeof confinedProcess>): Promise<Seen> {
  const entry = join(folder, 'look.cjs');
  writeFileSync(entry, LOOK);
  return new Promise((resolve, reject) => {
    const child = fork(entry, [], { ...options, cwd: folder, env: { TZ: 'UTC' }, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.on('message', (message) => resolve(message as Seen)).on('error', reject).on('exit', (code) => reject(new Error(`exit ${code}`)));
  });
}

test('a process that is started so has no rights, whatever code it runs', { skip: process.platform === 'linux' ? asRoot.skip : 'it looks at /proc' }, async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'artefacts'));
  writeFileSync(join(folder, 'artefacts/key.nanos'), 'built');
  writeFileSync(join(folder, 'tokens.json'), '{}', { mode: 0o600 });
  const wall = openSecondWall(WISH, folder);
  if (wall.status.missing.some((text) => text.includes("can't read"))) return t.skip(wall.status.missing.join('; '));
  assert.deepEqual(wall.status.missing, []);
  // its entry is no part of the program, and the folder above is root's alone
  chmodSync(folder, 0o711);
  const { uid, groups, status, environment, outcomes } = await look(folder, confinedProcess(wall, []));
  assert.equal(uid, wall.user?.uid);
  assert.ok(groups.every((group) => group === wall.user?.gid));
  assert.match(status, /^NoNewPrivs:\t1$/m);
  assert.match(status, /^CapEff:\t0+$/m);
  assert.deepEqual(environment.filter((name) => !name.startsWith('NODE_CHANNEL_') && name !== '_' && name !== 'SHLVL'), ['TZ']);
  assert.deepEqual(outcomes, { built: 'done', tokens: 'EACCES', shadow: 'EACCES', signal: 'EPERM', become: 'EPERM' });
});

test('other processes keep the host’s user and gain nothing', () => {
  assert.deepEqual(launchedProcess({ launcher: ['/usr/bin/setpriv', '--no-new-privs'] }, ['--flag']), { execPath: '/usr/bin/setpriv', execArgv: ['--no-new-privs', process.execPath, '--flag'] });
  assert.deepEqual(launchedProcess(NO_WALL, ['--flag']), { execPath: process.execPath, execArgv: ['--flag'] });
});
