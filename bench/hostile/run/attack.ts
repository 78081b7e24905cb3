/** One hostile program against a running host, and whether it was contained. */
import { setTimeout as sleep } from 'node:timers/promises';
import { namesOf, VICTIM } from '../deploy-programs.ts';
import type { Program } from '../read-programs.ts';
import type { HostileHost } from './hostile-host.ts';
import { provoke, type Outcome } from './outcome.ts';

const SAMPLE_MS = 40;
/** Lines that the host still has under way. */
const LOG_SETTLES_MS = 300;
/** What a tenant may print, and what its lines and their loss add to that in the log. */
const LOG_KB_PER_SECOND_MAX = 320;

export interface AttackOptions {
  readonly originUrl: string;
  /** no answer of the program by then is no containment */
  readonly waitMsMax: number;
  /** an event that must follow, and health, must come by then */
  readonly patienceMs: number;
  /** the program is called again and again for so long at least; else as often as it says */
  readonly sustainedMs?: number;
}

export interface Attack {
  readonly program: Program;
  /** by kind, with how often */
  readonly outcomes: ReadonlyMap<string, number>;
  /** why it counts as not contained; empty: it is */
  readonly escapes: readonly string[];
  /** from the first request until host and victim are as before */
  readonly healthyMs: number;
  /** by which the cells grew at most meanwhile */
  readonly grownMb: number;
}

/** Never rejects: a host that is lost is an escape. */
export async function attack(host: HostileHost, program: Program, options: AttackOptions): Promise<Attack> {
  const startedMs = performance.now();
  const firstLine = host.lines.length;
  const logBefore = host.logUnits(program.name);
  const peak = watchCells(host);
  const outcomes = await provokeAll(host, program, options);
  const escapes = outcomes.filter(({ kind }) => !program.contained.includes(kind)).map(({ kind, detail }) => `${kind} ${detail}`.trim().slice(0, 300));
  // what names no app is the host's own, or a forgery
  const isThere = (event: string): boolean => host.lines.slice(firstLine).some((line) => line.event === event && (line.app ?? program.name) === program.name);
  const last = outcomes.at(-1)?.kind;
  if (program.lastOutcome !== undefined && last !== program.lastOutcome) escapes.push(`${last} at last, not ${program.lastOutcome}`);
  const { followedBy, forbidden } = program;
  if (followedBy !== undefined) await follow(host, options.patienceMs, () => isThere(followedBy), followedBy, escapes);
  const healthyMs = await untilHealthy(host, startedMs, options.patienceMs, escapes);
  await sleep(program.bounds.logKb === undefined && forbidden === undefined ? 0 : LOG_SETTLES_MS);
  if (forbidden !== undefined && isThere(forbidden)) escapes.push(`the log holds the event ${forbidden}`);
  const use = peak.end();
  checkBounds(program, use, (host.logUnits(program.name) - logBefore) / 1024, performance.now() - startedMs, escapes);
  return { program, outcomes: counted(outcomes), escapes: [...new Set(escapes)], healthyMs, grownMb: use.grownMb };
}

async function provokeAll(host: HostileHost, program: Program, { originUrl, waitMsMax, sustainedMs = 0 }: AttackOptions): Promise<Outcome[]> {
  const startedMs = performance.now();
  const path = `/?origin=${encodeURIComponent(originUrl)}&control=${encodeURIComponent(host.controlUrl)}`;
  const outcomes: Outcome[] = [];
  for (let round = 0; round < program.repeats || performance.now() - startedMs < sustainedMs; round++) {
    const asked = namesOf(program).map((name) => provoke({ port: host.appsPort, host: `${name}.localhost`, path, waitMsMax, bodyBytes: program.bodyBytes }, program.client));
    outcomes.push(...(await Promise.all(asked)));
    if (!host.isAlive || outcomes.at(-1)?.kind === 'silent') break;
  }
  return outcomes;
}

async function follow(host: HostileHost, patienceMs: number, holds: () => boolean, event: string, escapes: string[]): Promise<void> {
  try {
    await host.until(event, patienceMs, holds);
  } catch {
    escapes.push(`no event ${event} followed`);
  }
}

/** One cell, which answers the victim. */
async function untilHealthy(host: HostileHost, startedMs: number, patienceMs: number, escapes: string[]): Promise<number> {
  const isHealthy = async (): Promise<boolean> => {
    if (host.cellPids().length !== 1) return false;
    const { kind } = await provoke({ port: host.appsPort, host: `${VICTIM}.localhost`, path: '/healthy', waitMsMax: 2_000 }, 'reads');
    return kind === '200';
  };
  try {
    await host.until('host and victim are as before', patienceMs, isHealthy);
  } catch (error) {
    escapes.push(error instanceof Error ? error.message : String(error));
  }
  return performance.now() - startedMs;
}

interface CellPeak {
  readonly grownMb: number;
  readonly grownThreads: number;
}

function watchCells(host: HostileHost): { end(): CellPeak } {
  const before = host.cellUse();
  let memoryMb = before.memoryMb;
  let threads = before.threads;
  const timer = setInterval(() => {
    const now = host.cellUse();
    memoryMb = Math.max(memoryMb, now.memoryMb);
    threads = Math.max(threads, now.threads);
  }, SAMPLE_MS);
  return {
    end() {
      clearInterval(timer);
      return { grownMb: memoryMb - before.memoryMb, grownThreads: threads - before.threads };
    },
  };
}

function checkBounds({ bounds }: Program, { grownMb, grownThreads }: CellPeak, logKb: number, elapsedMs: number, escapes: string[]): void {
  const over = (what: string, value: number, most: number | undefined): void => {
    if (most !== undefined && value > most) escapes.push(`${Math.round(value)} ${what}, ${most} at most`);
  };
  over('MB more', grownMb, bounds.memoryMb);
  over('threads more', grownThreads, bounds.threads);
  over('KB of log', logKb, bounds.logKb === undefined ? undefined : bounds.logKb + (elapsedMs / 1000) * LOG_KB_PER_SECOND_MAX);
}

function counted(outcomes: readonly Outcome[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { kind } of outcomes) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}
