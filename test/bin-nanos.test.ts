import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../bin/nanos', import.meta.url));
const PACKAGE = `node-${process.platform === 'darwin' && process.arch === 'arm64' ? 'bin-' : ''}${process.platform}-${process.arch}`;
const SHELLS = ['sh', 'dash', 'bash'].filter((shell) => spawnSync(shell, ['-c', ':']).status === 0);

/** A place whose path needs quoting. */
function awkwardFolder(t: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'nanos-bin-')));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const awkward = join(folder, "a b  c'd $HOME *");
  mkdirSync(awkward);
  return awkward;
}

function write(path: string, content = ''): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** Stands for the pinned Node.js: it prints its arguments, one a line. */
function installNode(modules: string): void {
  const path = join(modules, PACKAGE, 'bin', 'node');
  write(path, `#!/bin/sh\nprintf '%s\\n' "$@"\n`);
  chmodSync(path, 0o755);
  write(join(modules, PACKAGE, 'package.json'), '{\n  "name": "node",\n  "version": "22.1.0",\n  "license": "MIT"\n}\n');
}

function installScript(root: string, main: string): string {
  write(join(root, main));
  mkdirSync(join(root, 'bin'));
  copyFileSync(SCRIPT, join(root, 'bin', 'nanos'));
  return join(root, 'bin', 'nanos');
}

function run(shell: string, script: string, args: readonly string[], cwd: string, environment: Readonly<Record<string, string>> = {}): string[] {
  return execFileSync(shell, [script, ...args], { cwd, encoding: 'utf8', env: { PATH: process.env['PATH'], ...environment } }).trimEnd().split('\n');
}

const FLAGS = ['--disable-warning=ExperimentalWarning'];

for (const shell of SHELLS) {
  test(`${shell}: a repository runs its sources, and arguments arrive as they are`, (t) => {
    const root = awkwardFolder(t);
    installNode(join(root, 'node_modules'));
    const script = installScript(root, 'src/cli/main.ts');
    assert.deepEqual(run(shell, script, ['serve', 'my apps', '', '*', '--dev'], '/'), [...FLAGS, join(root, 'src/cli/main.ts'), 'serve', 'my apps', '', '*', '--dev']);
    assert.deepEqual(run(shell, 'bin/nanos', [], root), [...FLAGS, join(root, 'src/cli/main.ts')]);
    assert.deepEqual(run(shell, 'nanos', [], join(root, 'bin')), [...FLAGS, join(root, 'src/cli/main.ts')]);
  });

  test(`${shell}: an installed package runs dist, through links, with the Node.js of the folder above`, (t) => {
    const top = awkwardFolder(t);
    const modules = join(top, 'node_modules');
    installNode(modules);
    const script = installScript(join(modules, 'nanos'), 'dist/command/main.js');
    mkdirSync(join(modules, '.bin'));
    symlinkSync('../nanos/bin/nanos', join(modules, '.bin', 'nanos'));
    symlinkSync(join(modules, '.bin', 'nanos'), join(top, 'my nanos'));
    const expected = [...FLAGS, join(modules, 'nanos/dist/command/main.js'), '--version'];
    for (const path of [script, join(modules, '.bin', 'nanos'), join(top, 'my nanos')]) assert.deepEqual(run(shell, path, ['--version'], '/'), expected);
    assert.deepEqual(run(shell, './my nanos', ['--version'], top), expected);
  });

  test(`${shell}: the package’s own Node.js comes before one above`, (t) => {
    const top = awkwardFolder(t);
    const root = join(top, 'node_modules', 'nanos');
    write(join(top, 'node_modules', PACKAGE, 'bin', 'node'), '#!/bin/sh\nexit 9\n');
    chmodSync(join(top, 'node_modules', PACKAGE, 'bin', 'node'), 0o755);
    installNode(join(root, 'node_modules'));
    assert.equal(run(shell, installScript(root, 'dist/command/main.js'), [], '/').length, 2);
  });

  test(`${shell}: agents run from the snapshot that is kept, and only from one of this bundle and Node.js in a folder that is ours alone`, (t) => {
    const top = awkwardFolder(t);
    installNode(join(top, 'node_modules'));
    const root = join(top, 'node_modules', 'nanos');
    const script = installScript(root, 'dist/command/main.js');
    write(join(root, 'dist/command/agents.id'), 'abc\n');
    const cache = join(top, '.cache', 'nanos');
    const blob = join(cache, `agents-abc-${process.platform}-${process.arch}-22.1.0.blob`);
    write(blob, 'a heap');
    chmodSync(cache, 0o700);
    const home = { HOME: top };
    const isUsed = (args: readonly string[], environment: Readonly<Record<string, string>>) => run(shell, script, args, top, environment).join('\n').includes(`--snapshot-blob\n${blob}\n${join(root, 'dist/command/main.js')}\n${args.join('\n')}`);

    assert.equal(isUsed(['run', 'my agent.nano'], home), true);
    assert.equal(isUsed(['replay', 'last'], { HOME: '/nowhere', XDG_CACHE_HOME: join(top, '.cache') }), true);
    assert.equal(isUsed(['run', 'x'], { HOME: top, XDG_CACHE_HOME: '.cache' }), true);
    assert.equal(isUsed(['compile', 'x'], home), false);
    assert.equal(isUsed(['run', 'x'], { ...home, NODE_OPTIONS: '--no-deprecation' }), false);
    assert.equal(isUsed(['run', 'x'], {}), false);
    for (const mode of [0o755, 0o770, 0o701]) {
      chmodSync(cache, mode);
      assert.equal(isUsed(['run', 'x'], home), false);
    }
    chmodSync(cache, 0o700);
    symlinkSync(cache, join(top, 'nanos'));
    assert.equal(isUsed(['run', 'x'], { HOME: top, XDG_CACHE_HOME: top }), false);
    write(join(root, 'dist/command/agents.id'), 'def\n');
    assert.equal(isUsed(['run', 'x'], home), false);
    write(join(root, 'dist/command/agents.id'), 'abc\n');
    write(blob);
    assert.equal(isUsed(['run', 'x'], home), false);
  });

  test(`${shell}: without Node.js it says what to do`, (t) => {
    const script = installScript(awkwardFolder(t), 'src/cli/main.ts');
    const { status, stdout, stderr } = spawnSync(shell, [script, '--version'], { encoding: 'utf8' });
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /^nanos: the pinned Node\.js .* is not installed\. Run 'npm start'/);
  });
}

test('the script itself runs this nanos', () => {
  assert.match(execFileSync(SCRIPT, ['--version'], { encoding: 'utf8' }), /^\d+\.\d+\.\d+\n$/);
});
