/** Hosts as users start them, for tests: real `bin/nanos` processes on free ports, with folders of their own. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { childPidsWith } from './child-pids.ts';
import { exitOnSigterm } from './exit-on-sigterm.ts';
import { httpRequest, type Answer, type RequestOptions } from './http-request.ts';

export const BIN_NANOS = fileURLToPath(new URL('../../bin/nanos', import.meta.url));
/** What a healthy host does within a second or two; generous, because machines get crowded. */
const WAIT_MS_MAX = 60_000;

/** A TestContext, or `{ after }` of node:test for a whole file. */
export interface Cleanup {
  after(end: () => Promise<void> | void): void;
}

export interface NanosOptions {
  /** app folders by path: `{ 'hello/index.js': 'export default …' }` */
  readonly files?: Readonly<Record<string, string>>;
  /** further arguments of `nanos serve` */
  readonly args?: readonly string[];
  /** served in place of the folder that holds `files` */
  readonly folders?: readonly string[];
  /** as {@link Nanos.root} of an earlier host, to start on its folders again */
  readonly root?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly event: string;
  readonly app?: string;
  readonly message?: string;
  readonly [field: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Starts a host and waits until it is ready. Rejects, with what it said, when it ends instead. */
export async function startNanos(cleanup: Cleanup, options: NanosOptions = {}): Promise<Nanos> {
  const root = options.root ?? (await temporaryFolder(cleanup));
  await mkdir(join(root, 'apps'), { recursive: true });
  await writeFiles(join(root, 'apps'), options.files ?? {});
  const nanos = new Nanos(root, await withRoom(root, options));
  cleanup.after(() => nanos.kill());
  await nanos.waitUntilReady();
  return nanos;
}

/** Where the test says nothing of an operator's file, apps get more CPU than the default: a crowded machine charges more for the same work. */
async function withRoom(root: string, options: NanosOptions): Promise<NanosOptions> {
  const { args = [] } = options;
  if (options.root !== undefined || args.includes('--config')) return options;
  const file = join(root, 'roomy.yaml');
  await writeFile(file, 'limits: { cpu_ms: 1000 }\n');
  return { ...options, args: [...args, '--config', file] };
}

/** A folder that is gone after the test. */
export async function temporaryFolder(cleanup: Cleanup): Promise<string> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'nanos-test-')));
  cleanup.after(() => rm(root, { recursive: true, force: true, maxRetries: 3 }));
  return root;
}

export async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));
exitOnSigterm();

export class Nanos {
  /** holds `apps` and `data` */
  readonly root: string;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #lines: LogLine[] = [];
  readonly #watchers = new Set<() => void>();
  #stderr = '';
  #exit: Exit | undefined;
  #renamed = 0;

  constructor(root: string, { args = [], folders, environment = {} }: NanosOptions) {
    this.root = root;
    const given = ['serve', ...(folders ?? [this.appsFolder]), '--port', '0', '--apps-port', '0', '--data', this.dataFolder, ...args];
    const child = spawn(BIN_NANOS, given, { cwd: root, env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.#notice(() => this.#lines.push(JSON.parse(line) as LogLine)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.#notice(() => (this.#stderr += text)));
    this.exited = once(child, 'close').then((values) => {
      const [code, signal] = values as [Exit['code'], Exit['signal']];
      this.#notice(() => (this.#exit = { code, signal }));
      return { code, signal };
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
  }

  get appsFolder(): string {
    return join(this.root, 'apps');
  }

  get dataFolder(): string {
    return join(this.root, 'data');
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get appsPort(): number {
    return Number(new URL(this.#addressOf('apps_url')).port);
  }

  /** with a slash at its end */
  get controlUrl(): string {
    return this.#addressOf('control_url');
  }

  /** The control page with its one-time token. */
  get loginUrl(): string {
    return /^ +control +(\S+)$/m.exec(this.#stderr)?.[1] ?? '';
  }

  #addressOf(field: string): string {
    const ready = this.#lines.find(({ event }) => event === 'host_ready');
    return String(ready?.[field]);
  }

  /** One request to an app, by its name or by a full Host header. */
  request(app: string, path = '/', options: RequestOptions = {}): Promise<Answer> {
    const host = app.includes('.') || app.includes(':') ? app : `${app}.localhost`;
    return httpRequest({ port: this.appsPort, path, ...options, headers: { host, ...options.headers } });
  }

  /** One request to the control plane, with a token of that scope unless `scope` is undefined. */
  async control(path: string, scope: 'admin' | 'read' | 'inference' | undefined = 'admin', options: RequestOptions = {}): Promise<Answer> {
    const { hostname, port, host } = new URL(this.controlUrl);
    const authorization = scope === undefined ? {} : { authorization: `Bearer ${await this.token(scope)}` };
    return httpRequest({ hostname, port: Number(port), path, ...options, headers: { host, ...authorization, ...options.headers } });
  }

  async token(scope: 'admin' | 'read' | 'inference'): Promise<string> {
    const tokens = JSON.parse(await readFile(join(this.dataFolder, 'tokens.json'), 'utf8')) as Record<string, string>;
    return tokens[scope] ?? '';
  }

  /** A connection of its own to the apps' port, or to another. */
  async connect(port = this.appsPort): Promise<Socket> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  }

  /** Replaces a file below the apps' folder in one step. */
  async write(path: string, content: string): Promise<void> {
    const temporary = join(this.root, `written-${this.#renamed++}`);
    await writeFile(temporary, content);
    await mkdir(dirname(join(this.appsFolder, path)), { recursive: true });
    await rename(temporary, join(this.appsFolder, path));
  }

  logs(): readonly LogLine[] {
    return this.#lines;
  }

  /** The first line from the `from`-th on that matches; waits for it. */
  waitForLog(matches: (line: LogLine) => boolean, from = 0): Promise<LogLine> {
    return this.#waitFor('a log line', () => this.#lines.slice(from).find(matches));
  }

  waitForStderr(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#waitFor(`${pattern} on stderr`, () => pattern.exec(this.#stderr) ?? undefined);
  }

  async waitUntilReady(): Promise<void> {
    await this.waitForLog(({ event }) => event === 'host_ready');
    await this.waitForStderr(/^ +control +\S+$/m);
  }

  /** Processes of the host of that kind (`cell`, `builder`, …). Linux only. */
  pids(kind: string): number[] {
    return childPidsWith(this.pid, `/host/${kind}.`);
  }

  /** The process of that kind at that place among those there are. Throws when there is none: to send a signal to 0 would be to send it to the tests themselves. */
  pidOf(kind: string, at = 0): number {
    const pids = this.pids(kind);
    const pid = pids[at];
    assert.ok(pid !== undefined && pid > 0, `There is no ${kind} ${at}, of ${pids.length}`);
    return pid;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it as an operator does. */
  stop(): Promise<Exit> {
    this.signal('SIGTERM');
    return this.#waitFor('its end', () => this.#exit);
  }

  async kill(): Promise<void> {
    if (this.#exit === undefined) this.signal('SIGKILL');
    await this.exited;
  }

  #notice(change: () => void): void {
    change();
    for (const watcher of this.#watchers) watcher();
  }

  #waitFor<T>(what: string, find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const found = find();
        if (found !== undefined) settle(() => resolve(found));
        else if (this.#exit !== undefined) settle(() => reject(new Error(`The host ended (${this.#exit?.code ?? this.#exit?.signal}) before ${what}: ${this.#told()}`)));
      };
      const timer = setTimeout(() => settle(() => reject(new Error(`No ${what} within ${WAIT_MS_MAX} ms: ${this.#told()}`))), WAIT_MS_MAX);
      const settle = (end: () => void): void => {
        clearTimeout(timer);
        this.#watchers.delete(check);
        end();
      };
      this.#watchers.add(check);
      check();
    });
  }

  #told(): string {
    return [this.#stderr.slice(-2_000), ...this.#lines.slice(-20).map((line) => JSON.stringify(line))].join('\n');
  }
}
