import { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { describeGrant } from '../../agents/manifest/describe-grant.ts';
import { readManifest } from '../../agents/manifest/read-manifest.ts';
import { mapAgentStack } from '../../agents/compile/map-agent-stack.ts';
import { resumeRun } from '../../agents/run/resume-run.ts';
import { startRun } from '../../agents/run/start-run.ts';
import type { AgentManifest } from '../../protocol/agent/manifest.ts';
import { NanosError } from '../../protocol/errors.ts';
import { RunStore } from '../../recording/run-store.ts';
import { agentConsole, noteTo, type MapText } from '../agent-console.ts';
import { carryOn } from '../carry-on.ts';
import type { CliIo, TextSink } from '../cli-io.ts';
import { openRecordedRun } from '../recorded-run.ts';
import { runHost } from '../run-host.ts';
import { runSecrets } from '../run-secrets.ts';
import { addRunOptions, showResult, uncertainRule, untilStopped, type RunOptions } from '../run-options.ts';

interface Options extends RunOptions {
  readonly goal?: string;
  readonly resume?: string;
}

const EXAMPLES = `
What the agent may do is printed before it starts: to run a manifest is to grant what it says. What the agent logs goes to standard error,
its last word to standard output. Every run is on record, to be replayed, forked or resumed.

A call that the manifest wants approved is asked about at the terminal; without one the run ends as waiting, with exit status 1, and goes on with
nanos approve.

Examples:
  nanos run examples/agents/secret/agent.nano
  nanos run agent.nano --goal "find the answer" --json
  nanos run --resume last            after a crash
  nanos run --resume last --skip-with '"sent"'`;

export function runCommand(io: CliIo): Command {
  return addRunOptions(new Command('run').description('run an agent from its manifest, or go on with an interrupted run'))
    .argument('[manifest]', 'the agent’s .nano file')
    .option('--goal <text>', 'in place of the manifest’s goal')
    .option('--resume <run>', 'go on with this run: the id, the beginning of one, or last')
    .addHelpText('after', EXAMPLES)
    .action((manifest: string | undefined, options: Options) => {
      checkUsage(manifest, options);
      return untilStopped(io, (signal) => (options.resume === undefined ? start(manifest ?? '', options, signal, io) : resume(options.resume, options, signal, io)));
    });
}

function checkUsage(manifest: string | undefined, { resume, goal, retry, skipWith }: Options): void {
  if ((manifest === undefined) === (resume === undefined)) throw new NanosError('usage', 'Name a manifest to run, or a run to go on with by --resume');
  if (resume !== undefined && goal !== undefined) throw new NanosError('usage', 'A run goes on with its goal; fork it with nanos replay RUN --at STEP --goal TEXT');
  if (resume === undefined && (retry === true || skipWith !== undefined)) throw new NanosError('usage', '--retry and --skip-with are for runs that go on: add --resume RUN');
}

async function start(path: string, options: Options, signal: AbortSignal, io: CliIo): Promise<void> {
  const { manifest: written, file, literals } = await readManifest(path);
  const manifest = options.goal === undefined ? written : { ...written, goal: options.goal };
  showGrant(manifest, io.stderr);
  const mapText = lazily(() => (text) => (manifest.binary === undefined ? text : mapAgentStack(readFileSync(manifest.binary), text)));
  const secrets = runSecrets(manifest, literals, io.environment);
  const environment = runHost(options, { signal, watcher: agentConsole(io.stderr, mapText), secrets, note: noteTo(io.stderr), readOnlyPaths: [file] });
  const run = await startRun(manifest, environment);
  const result = await carryOn({ file: run.file, module: run.module, environment, uncertain: { kind: 'stop' } }, await run.result, io);
  showResult({ id: run.id, name: manifest.name, file: run.file }, result, mapText, options, io);
  new RunStore(options.data).prune(Date.now());
}

async function resume(reference: string, options: Options, signal: AbortSignal, io: CliIo): Promise<void> {
  const run = await openRecordedRun(new RunStore(options.data).find(reference), options, signal, io);
  const { file, module, environment, mapText } = run;
  showGrant(run.manifest, io.stderr);
  const uncertain = uncertainRule(options);
  const result = await carryOn({ file, module, environment, uncertain }, await resumeRun(file, module, uncertain, environment), io);
  showResult(run, result, mapText, options, io);
}

export function showGrant(manifest: AgentManifest, sink: TextSink): void {
  sink.write(`${describeGrant(manifest).join('\n')}\n`);
}

function lazily(make: () => MapText): MapText {
  let map: MapText | undefined;
  return (text) => (map ??= make())(text);
}
