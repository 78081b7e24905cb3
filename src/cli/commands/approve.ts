import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { recordDecision } from '../../agents/run/record-decision.ts';
import { resumeRun } from '../../agents/run/resume-run.ts';
import { HostedRuns } from '../../host/agent-hosted-runs.ts';
import type { ApprovalRequest, PendingApproval } from '../../protocol/agent/control.ts';
import { NanosError } from '../../protocol/errors.ts';
import { RunStore } from '../../recording/run-store.ts';
import { carryOn } from '../carry-on.ts';
import type { CliIo } from '../cli-io.ts';
import { connectClient } from '../client-options.ts';
import { describeApproval } from '../describe-approval.ts';
import { printJson } from '../print-json.ts';
import { readApprovals } from '../read-approvals.ts';
import { openRecordedRun } from '../recorded-run.ts';
import { addRunOptions, parseJson, showResult, uncertainRule, untilStopped, type RunOptions } from '../run-options.ts';
import { visible } from '../visible.ts';

interface Options extends RunOptions {
  readonly deny?: string | true;
  readonly edit?: unknown;
  readonly body?: string;
  readonly resume: boolean;
  readonly url: string;
  readonly token?: string;
}

interface WaitingRun {
  readonly run: string;
  readonly name: string;
  readonly approvals: readonly PendingApproval[];
}

const EXAMPLES = `
Without RUN it lists the calls that wait. RUN is the id of a run, the beginning of one, or last; CALL is the number of a call, and may be left out
when one call waits. The run goes on at once, here; one that a host started goes on there, and is decided about through its control API.

An edited call is held to the manifest like any other.

Examples:
  nanos approve
  nanos approve last
  nanos approve last 3 --deny "use the staging folder"
  nanos approve last 3 --edit '{"path": "out/draft.txt"}' --body draft.txt
  nanos approve last 3 --no-resume`;

export function approveCommand(io: CliIo): Command {
  return addRunOptions(new Command('approve').description('list the calls of agents that wait for approval, or decide about one'))
    .argument('[run]', 'the run')
    .argument('[call]', 'number of the call', parseCall)
    .addOption(new Option('--deny [reason]', 'deny the call; the agent is told the reason').conflicts(['edit', 'body']))
    .addOption(new Option('--edit <json>', 'approve the call with these arguments instead').argParser(parseJson))
    .option('--body <file>', 'approve the call with this content instead')
    .option('--no-resume', 'put the decision on record, and do not go on with the run')
    .option('--url <url>', 'control plane of the host, for runs that it started', 'http://127.0.0.1:8080')
    .option('--token <token>', 'token of the host; else NANOS_TOKEN, else the one in the data directory')
    .addHelpText('after', EXAMPLES)
    .action(async (reference: string | undefined, call: number | undefined, options: Options) => {
      if (reference === undefined) return list(options, io);
      const store = new RunStore(options.data);
      const file = store.find(reference);
      const chosen = choose(readApprovals(file), call);
      const request = toRequest(options);
      const hosted = new HostedRuns(options.data).get(idOf(file));
      return hosted === undefined ? decideHere(file, chosen, request, options, io) : decideThere(hosted.id, chosen, request, options, io);
    });
}

function list({ data, json, ...others }: Options, io: CliIo): void {
  if (others.deny !== undefined || others.edit !== undefined || others.body !== undefined) throw new NanosError('usage', 'Name the run and the call that the decision is about: nanos approve RUN CALL');
  const runs = [...waitingRuns(new RunStore(data))];
  if (json === true) io.stdout.write(printJson(runs, 2));
  else io.stdout.write(runs.length === 0 ? 'No call waits for approval\n' : runs.map(describeWaitingRun).join('\n'));
}

function* waitingRuns(store: RunStore): Generator<WaitingRun> {
  for (const { id, name, status } of store.list()) {
    if (status !== 'waiting' && status !== 'interrupted' && status !== 'running') continue;
    const approvals = readApprovals(store.find(id));
    if (approvals.length > 0) yield { run: id, name, approvals };
  }
}

function describeWaitingRun({ run, name, approvals }: WaitingRun): string {
  return `${run}  ${visible(name)}\n${approvals.map((approval) => `  ${describeApproval(approval)}`).join('')}`;
}

/** A decision about a call that does not wait is refused where that is known best: with what became of the call. */
function choose(approvals: readonly PendingApproval[], call: number | undefined): number {
  if (call !== undefined) return call;
  const [only, ...more] = approvals;
  if (only === undefined) throw new NanosError('run_not_waiting', 'No call of the run waits for approval');
  if (more.length > 0) throw new NanosError('usage', `Several calls wait: name one of ${approvals.map((approval) => approval.call).join(', ')}`);
  return only.call;
}

function toRequest({ deny, edit, body }: Options): ApprovalRequest {
  if (deny !== undefined) return deny === true ? { decision: 'deny' } : { decision: 'deny', reason: deny };
  if (edit === undefined && body === undefined) return { decision: 'approve' };
  return { decision: 'edit', ...(edit === undefined ? {} : { arguments: edit }), ...(body === undefined ? {} : { body: readBody(body) }) };
}

function readBody(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new NanosError('usage', `The file ${file} can't be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function decideHere(file: string, call: number, request: ApprovalRequest, options: Options, io: CliIo): Promise<void> {
  return untilStopped(io, async (signal) => {
    const run = await openRecordedRun(file, options, signal, io);
    const { id, module, environment, mapText } = run;
    recordDecision(file, { call, request, by: 'command', decidedMs: Date.now() }, environment);
    if (!options.resume) {
      if (options.json === true) io.stdout.write(printJson({ run: id, call, decision: request.decision }, 2));
      else io.stderr.write(`nanos: it is on record that call ${call} is to ${meaning(request)}. Go on with nanos run --resume ${id}\n`);
      return;
    }
    const uncertain = uncertainRule(options);
    const result = await carryOn({ file, module, environment, uncertain }, await resumeRun(file, module, uncertain, environment), io);
    showResult(run, result, mapText, options, io);
  });
}

async function decideThere(id: string, call: number, request: ApprovalRequest, options: Options, io: CliIo): Promise<void> {
  if (!options.resume) throw new NanosError('usage', 'The run is a host’s, which goes on with it: leave out --no-resume');
  const client = await connectClient(options, io);
  const { status } = await client.json({ method: 'POST', path: `v1/runs/${id}/approvals/${call}`, headers: { 'content-type': 'application/json' }, body: JSON.stringify(withText(request)) }, z.object({ status: z.string() }));
  if (options.json === true) io.stdout.write(printJson({ run: id, call, decision: request.decision, status }, 2));
  else io.stderr.write(`nanos: call ${call} is to ${meaning(request)}; the host goes on with the run ${id}\n`);
}

function withText(request: ApprovalRequest): ApprovalRequest {
  if (!(request.body instanceof Uint8Array)) return request;
  try {
    return { ...request, body: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(request.body) };
  } catch (cause) {
    throw new NanosError('usage', 'The content is no text in UTF-8, and a host takes no other', { cause });
  }
}

function meaning({ decision }: ApprovalRequest): string {
  return decision === 'deny' ? 'be denied' : decision === 'edit' ? 'be made as edited' : 'be made';
}

function idOf(file: string): string {
  return /(?<id>[^/]*)\.sqlite$/u.exec(file)?.groups?.['id'] ?? '';
}

function parseCall(text: string): number {
  if (!/^\d{1,8}$/u.test(text)) throw new InvalidArgumentError('It must be the number of a call, as nanos approve lists it.');
  return Number(text);
}
