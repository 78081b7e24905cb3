/** What the commands that run agents have in common. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { RunResult } from '../agents/run/agent-run.ts';
import type { UncertainRule } from '../agents/run/continue-run.ts';
import { editedReply } from '../agents/run/edited-reply.ts';
import { parseRange } from '../protocol/address-range.ts';
import type { MapText } from './agent-console.ts';
import type { CliIo } from './cli-io.ts';
import { decisionCommands, describeApproval } from './describe-approval.ts';
import { readApprovals } from './read-approvals.ts';
import { CommandFailed } from './command-failed.ts';
import { printJson } from './print-json.ts';
import { printable } from './printable.ts';

export interface RunOptions {
  readonly data: string;
  readonly json?: boolean;
  readonly allowPrivate?: readonly string[];
  readonly retry?: boolean;
  readonly skipWith?: unknown;
}

export function addRunOptions(command: Command): Command {
  return command
    .option('--json', 'print the result as JSON')
    .option('--data <dir>', 'data directory', '.nanos')
    .option('--allow-private <range>', 'let the agent reach this range of private addresses: CIDR, loopback, private or link-local; may be repeated', collectRange)
    .addOption(new Option('--retry', 'make calls again whose result is not on record').conflicts('skipWith'))
    .addOption(new Option('--skip-with <result>', 'take this JSON for the result of such calls').argParser(parseJson));
}

export function uncertainRule({ retry, skipWith }: RunOptions): UncertainRule {
  if (skipWith !== undefined) return { kind: 'skip', reply: editedReply(skipWith) };
  return { kind: retry === true ? 'retry' : 'stop' };
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError('It must be JSON; text in double quotes, such as \'"some text"\'.');
  }
}

function collectRange(text: string, before: readonly string[] = []): readonly string[] {
  const ranges = parseRange(text);
  if (ranges === undefined) throw new InvalidArgumentError('It must be a CIDR range such as 10.0.0.0/8, or loopback, private or link-local.');
  return [...before, ...ranges];
}

/** Runs work that the first Ctrl-C cancels and the second kills. */
export async function untilStopped<T>(io: CliIo, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const stopListening = io.onStopSignal(() => (stop.signal.aborted ? io.exit(1) : stop.abort()));
  try {
    return await work(stop.signal);
  } finally {
    stopListening();
  }
}

/** A run on record. */
export interface ShownRun {
  readonly id: string;
  readonly name: string;
  readonly file: string;
}

/** Prints how a run ended, or what it waits for. Throws a CommandFailed unless it is done. */
export function showResult(run: ShownRun, result: RunResult, mapText: MapText, { json, data }: RunOptions, io: CliIo): void {
  const message = result.end === 'agent_threw' ? mapText(result.message) : result.message;
  const approvals = result.end === 'waiting' ? readApprovals(run.file) : undefined;
  if (json === true) io.stdout.write(printJson({ ...resultJson(run, { ...result, message }), ...(approvals === undefined ? {} : { approvals }) }, 2));
  else if (result.end === 'done' && message !== '') io.stdout.write(printable(`${message}\n`));
  for (const approval of approvals ?? []) io.stderr.write(`nanos: waits for approval: ${describeApproval(approval)}nanos: decide with\n${decisionCommands(run.id, approval, data)}`);
  if (result.end !== 'done' && approvals === undefined) io.stderr.write(printable(`nanos: ${run.name}: ${message} (${result.end})\n`));
  io.stderr.write(`nanos: ${result.steps} steps, ${result.fuel} fuel; on record as ${run.id}\n`);
  if (result.end !== 'done') throw new CommandFailed(result.end);
}

function resultJson({ id, name }: ShownRun, { end, message, steps, tokens, fuel, memoryPages }: RunResult): Record<string, unknown> {
  return { run: id, name, end, message, steps, tokens, fuel: Number(fuel), memoryBytes: memoryPages * 65_536 };
}
