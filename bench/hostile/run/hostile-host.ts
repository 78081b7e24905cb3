/** A host of hostile programs, as a process that may be lost. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BenchScope, StartedProcess } from '../../bench-scope.ts';
import { processTree } from '../../measure/process-tree.ts';

const READY_MS_MAX = 120_000;
const POLL_MS = 100;

export interface HostOptions {
  readonly folder: string;
  readonly configFile: string;
  readonly dataDir: string;
  /** of {@link DEFENCES}: taken out; undefined: the host as everybody starts it */
  readonly without?: string | undefined;
}

interface LogLine {
  readonly event: string;
  readonly app?: string;
  readonly [field: string]: unknown;
}

interface CellUse {
  readonly memoryMb: number;
  readonly threads: number;
}

export class HostileHost {
  readonly #started: StartedProcess;
  readonly #lines: LogLine[] = [];
  readonly #logUnits = new Map<string, number>();

  /** Runs until the scope is closed, or {@link kill}. */
  constructor(scope: BenchScope, { folder, configFile, dataDir, without }: HostOptions) {
    const serve = ['serve', folder, '--config', configFile, '--port', '0', '--apps-port', '0', '--no-auth', '--data', dataDir];
    const [command, args] = without === undefined ? [repository('bin/nanos'), serve] : [process.execPath, [...NODE_FLAGS, repository('bench/hostile/run/weakened-host.ts'), without, folder, configFile, dataDir]];
    this.#started = scope.start(command, args, ['ignore', 'pipe', 'pipe']);
    createInterface({ input: this.#started.child.stdout! }).on('line', (line) => this.#note(line));
  }

  #note(text: string): void {
    const line = parseLine(text);
    if (line.app !== undefined) this.#logUnits.set(line.app, (this.#logUnits.get(line.app) ?? 0) + text.length);
    // what tenants print is counted and not kept
    if (line.event !== 'console') this.#lines.push(line);
  }

  get isAlive(): boolean {
    return this.#started.child.exitCode === null && this.#started.child.signalCode === null;
  }

  get appsPort(): number {
    return Number(new URL(this.#readyField('apps_url')).port);
  }

  get controlUrl(): string {
    return this.#readyField('control_url');
  }

  #readyField(name: string): string {
    return String(this.#lines.find(({ event }) => event === 'host_ready')?.[name]);
  }

  /** Events so far, tenants' own lines left out. */
  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** What the log holds of that app, in UTF-16 units. */
  logUnits(app: string): number {
    return this.#logUnits.get(app) ?? 0;
  }

  /** Resolves when every app serves or was refused. Rejects when the host ends before, or takes too long. */
  async whenReady(): Promise<void> {
    await this.until('the host is ready', READY_MS_MAX, () => this.#lines.some(({ event }) => event === 'host_ready'));
    await this.until('every app is built', READY_MS_MAX, async () => {
      const { apps } = (await (await fetch(new URL('v1/apps', this.controlUrl))).json()) as { apps: { state: string }[] };
      return apps.every(({ state }) => state !== 'building');
    });
  }

  /** Waits until `holds`. Rejects after that time, and when the host ends. */
  async until(what: string, waitMsMax: number, holds: () => boolean | Promise<boolean>): Promise<void> {
    const startedMs = performance.now();
    while (!(await holds())) {
      if (!this.isAlive) throw new Error(`The host ended before ${what}: ${this.#started.errors()}`);
      if (performance.now() - startedMs > waitMsMax) throw new Error(`Not within ${waitMsMax} ms: ${what}`);
      await sleep(POLL_MS);
    }
  }

  cellPids(): number[] {
    return processTree(this.#started.pid).filter((pid) => readOrNothing(`/proc/${pid}/cmdline`).includes('/host/cell.'));
  }

  /** Of all cells together. */
  cellUse(): CellUse {
    let memoryMb = 0;
    let threads = 0;
    for (const pid of this.cellPids()) {
      const status = readOrNothing(`/proc/${pid}/status`);
      memoryMb += Number(/^VmRSS:\s+(?<kilobytes>\d+) kB$/mu.exec(status)?.groups?.['kilobytes'] ?? 0) / 1024;
      threads = Math.max(threads, Number(/^Threads:\s+(?<count>\d+)$/mu.exec(status)?.groups?.['count'] ?? 0));
    }
    return { memoryMb, threads };
  }

  /** At once, whatever state it is in. */
  async kill(): Promise<void> {
    if (!this.isAlive) return;
    const ended = once(this.#started.child, 'exit');
    for (const pid of processTree(this.#started.pid).toReversed()) tryToKill(pid);
    await ended;
  }
}

const NODE_FLAGS = ['--no-node-snapshot', '--stack-size=3900', '--disable-warning=ExperimentalWarning'];

/** What a tenant smuggles into the log need not be JSON. */
function parseLine(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return { event: 'forged' };
  }
}

function repository(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url));
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // it has ended meanwhile
    return '';
  }
}

function tryToKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
