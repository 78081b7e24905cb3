import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cutBudgets } from '../policy/agent-budgets.ts';
import { readManifest } from '../agents/manifest/read-manifest.ts';
import type { RunResult } from '../agents/run/agent-run.ts';
import { DecisionBox } from '../agents/run/decision-box.ts';
import { forkRun } from '../agents/run/fork-run.ts';
import { createHandlers } from '../agents/run/handlers.ts';
import { recordDecision } from '../agents/run/record-decision.ts';
import { recordedModule } from '../agents/run/recorded-module.ts';
import { readRecordedManifest } from '../agents/run/recorded-manifest.ts';
import { resumeRun } from '../agents/run/resume-run.ts';
import type { RunEnvironment } from '../agents/run/run-environment.ts';
import { RunSuspended } from '../agents/run/run-suspended.ts';
import { startRun } from '../agents/run/start-run.ts';
import type { ForkRequest, RunRequest } from '../protocol/agent/control.ts';
import type { GivenWord } from '../agents/run/to-decision.ts';
import { MANIFEST_SUFFIX, type AgentManifest } from '../protocol/agent/manifest.ts';
import type { AgentsInit, DecideAsk, FromThread, RunOver, ToThread } from '../protocol/agent/messages.ts';
import { NanosError, toErrorData, type ErrorCode } from '../protocol/errors.ts';
import { JournalReader } from '../recording/journal-reader.ts';
import type { MeteredModule } from '../sandbox/wasm/metered-module.ts';
import { isInside } from '../util/is-inside.ts';
import { SecretMask } from '../util/secret-mask.ts';
import type { Egress } from '../net/egress/egress.ts';
import { builtinAgentFile } from './agent-builtin.ts';
import { ThreadModels } from './agent-thread-models.ts';
import { HostedRuns } from './agent-hosted-runs.ts';
import { findManifest } from './agent-manifest-path.ts';
import { withinPolicy } from './agent-policy.ts';
import { AgentVoice } from './agent-voice.ts';

/** What decides what other agents of the folder may do, and what they run. */
const READ_ONLY_SUFFIXES = [MANIFEST_SUFFIX, '.wasm'];

/** What is known of a run before it goes. */
interface RunParts {
  readonly manifest: AgentManifest;
  /** undefined: it is not known where the manifest was read */
  readonly manifestFile: string | undefined;
  /** secrets that the manifest holds itself, by the names that stand for them */
  readonly literals: ReadonlyMap<string, string>;
  readonly moduleBytes: () => Uint8Array;
  readonly decisions?: DecisionBox | undefined;
}

/** A run in this thread. */
interface Flight {
  readonly manifestFile: string | undefined;
  readonly agent: string;
  readonly literals: ReadonlyMap<string, string>;
  readonly mask: SecretMask;
  readonly controller: AbortController;
  /** where decisions about its calls come in */
  readonly decisions: DecisionBox;
  readonly voice: AgentVoice;
}

/** The runs of one thread: started, forked, taken up again, cancelled, and told to rest. */
export class AgentThreadRuns {
  readonly #init: AgentsInit;
  readonly #tell: (message: FromThread) => void;
  readonly #hosted: HostedRuns;
  readonly #models: ThreadModels;
  #egress: Promise<Egress> | undefined;
  readonly #flights = new Map<string, Flight>();
  /** taken up, and not going yet */
  readonly #awaited = new Map<string, { isCancelled: boolean; readonly decisions: DecisionBox }>();
  #suspended = false;

  constructor(init: AgentsInit, tell: (message: FromThread) => void) {
    this.#init = init;
    this.#tell = tell;
    this.#models = new ThreadModels(tell);
    this.#hosted = new HostedRuns(init.dataDir);
  }

  obey(message: ToThread): void {
    switch (message.type) {
      case 'model':
        return this.#models.receive(message);
      case 'start':
        return void this.#refusing(message.call, () => this.#start(message.call, message.request));
      case 'fork':
        return void this.#refusing(message.call, () => this.#fork(message.call, message.id, message.request));
      case 'resume':
        return void this.#resume(message);
      case 'decide':
        return void this.#decide(message.id, message.decision);
      case 'cancel':
        return this.#cancel(message.id);
      case 'suspend':
        this.#suspended = true;
        for (const { controller } of this.#flights.values()) controller.abort(new RunSuspended());
    }
  }

  async #refusing(call: number, begin: () => Promise<void>): Promise<void> {
    try {
      await begin();
    } catch (error) {
      this.#tell({ type: 'refused', call, error: toErrorData(error) });
    }
  }

  async #start(call: number, { manifest: path, goal, budgetsMax }: RunRequest): Promise<void> {
    const { manifest: written, file, literals } = await readManifest(await findManifest(this.#folder(), path));
    const { manifest: granted, refused } = withinPolicy(goal === undefined ? written : { ...written, goal }, this.#init);
    const manifest = { ...granted, budgets: cutBudgets(granted.budgets, budgetsMax) };
    const { binary } = manifest;
    const flight = this.#prepare({ manifest, manifestFile: file, literals, moduleBytes: () => readFileSync(binary ?? builtinAgentFile(this.#init.dataDir)) });
    for (const { message, wasAsked } of refused) if (wasAsked) flight.voice.cut(message);
    const { result } = await startRun(manifest, this.#environment(flight, call));
    void this.#watch(flight, result);
  }

  async #fork(call: number, id: string, { step, edit, goal }: ForkRequest): Promise<void> {
    const reader = JournalReader.open(this.#fileOf(id));
    try {
      const { module, manifest } = await this.#openRecorded(reader);
      const flight = this.#prepare({ manifest, manifestFile: undefined, literals: new Map(), moduleBytes: () => module.bytes });
      const { result } = forkRun(reader, module, { step, edit, goal, uncertain: { kind: 'stop' } }, this.#environment(flight, call));
      // the parent is read until the fork is over
      void this.#watch(flight, result.finally(() => reader.close()));
    } catch (error) {
      reader.close();
      throw error;
    }
  }

  async #resume({ id, manifestFile, decision }: Extract<ToThread, { type: 'resume' }>): Promise<void> {
    const awaited = { isCancelled: false, decisions: new DecisionBox() };
    this.#awaited.set(id, awaited);
    try {
      const { flight, module } = await this.#recordedFlight(id, { manifestFile, decisions: awaited.decisions });
      const environment = this.#environment(flight, undefined);
      if (decision !== undefined) this.#record(id, decision, environment);
      this.#enter(id, flight, undefined);
      if (awaited.isCancelled) flight.controller.abort();
      void this.#watch(flight, resumeRun(this.#fileOf(id), module, { kind: 'stop' }, environment));
    } catch (error) {
      awaited.decisions.close();
      if (decision !== undefined) this.#tell({ type: 'decided', ask: decision.ask, taken: false, error: toErrorData(error) });
      const { end, message } = failure(error);
      // what can't be decided goes on waiting
      this.#tell({ type: 'over', over: { id, agent: this.#hosted.get(id)?.agent ?? '', end: decision !== undefined && end !== 'busy' ? 'waiting' : end, message, fuel: '0', steps: 0 } });
    } finally {
      this.#awaited.delete(id);
    }
  }

  /** Of a run that nobody has under way. */
  #record(id: string, decision: DecideAsk, environment: RunEnvironment): void {
    recordDecision(this.#fileOf(id), wordOf(decision), environment);
    this.#tell({ type: 'decided', ask: decision.ask, taken: true });
  }

  async #decide(id: string, decision: DecideAsk): Promise<void> {
    const { ask } = decision;
    const box = (this.#awaited.get(id) ?? this.#flights.get(id))?.decisions;
    const told = await (box?.give(wordOf(decision)) ?? Promise.resolve(false)).then(
      (taken) => ({ taken }),
      (error: unknown) => ({ taken: false, error: toErrorData(error) }),
    );
    this.#tell({ type: 'decided', ask, ...told });
  }

  async #recordedFlight(id: string, { manifestFile, decisions }: Pick<RunParts, 'manifestFile' | 'decisions'>): Promise<{ flight: Flight; module: MeteredModule }> {
    const reader = JournalReader.open(this.#fileOf(id));
    const { module, manifest } = await this.#openRecorded(reader).finally(() => reader.close());
    const literals = manifestFile === undefined ? new Map<string, string>() : await literalsOf(manifestFile);
    return { module, flight: this.#prepare({ manifest, manifestFile, literals, decisions, moduleBytes: () => module.bytes }) };
  }

  /** A recording that may go on here: its manifest is a request like any other, and what the operator would have cut is refused. */
  async #openRecorded(reader: JournalReader): Promise<{ module: MeteredModule; manifest: AgentManifest }> {
    const manifest = readRecordedManifest(reader.run.head.manifest);
    const folder = this.#folder();
    if (manifest.folder !== folder && !isInside(folder, manifest.folder)) throw new NanosError('forbidden', 'The run belongs to a folder outside of the folder of agents: go on with it by nanos run or nanos replay');
    const { refused } = withinPolicy(manifest, this.#init);
    if (refused.length > 0) throw new NanosError('forbidden', `The run has more than the operator grants now: ${refused.map(({ message }) => message).join('; ')}`);
    return { module: await recordedModule(reader, this.#init.dataDir, { keeps: true }), manifest };
  }

  #cancel(id: string): void {
    const awaited = this.#awaited.get(id);
    if (awaited !== undefined) awaited.isCancelled = true;
    this.#flights.get(id)?.controller.abort();
  }

  #prepare({ manifest, manifestFile, literals, moduleBytes, decisions = new DecisionBox() }: RunParts): Flight {
    if (this.#suspended) throw new NanosError('agents_restarted', 'The host is closing');
    const { name: agent } = manifest;
    const mask = new SecretMask([...this.#init.secrets, ...literals.values()]);
    const voice = new AgentVoice({ agent, mask, moduleBytes, log: (line) => this.#tell({ type: 'log', lines: [line] }) });
    return { manifestFile, agent, literals, mask, controller: new AbortController(), decisions, voice };
  }

  /** From here on the run is this host's: it is brought to its end, whatever happens to the process. */
  #enter(id: string, flight: Flight, call: number | undefined): void {
    flight.voice.id = id;
    if (call !== undefined) this.#hosted.add(id, flight.agent, flight.manifestFile);
    this.#flights.set(id, flight);
    if (this.#suspended) flight.controller.abort(new RunSuspended());
    this.#tell({ type: 'begun', call, id, agent: flight.agent });
  }

  #environment(flight: Flight, call: number | undefined): RunEnvironment {
    const { dataDir, egress, withheldPaths, approve } = this.#init;
    const { voice, mask, controller, decisions, literals } = flight;
    return {
      dataDir,
      operator: { egress, withheldPaths, readOnlyPaths: [], readOnlySuffixes: READ_ONLY_SUFFIXES, approve },
      handlers: createHandlers({
        openEgress: () => (this.#egress ??= import('../net/egress/egress.ts').then(({ createEgress }) => createEgress())),
        openModel: this.#models.forRun(literals),
        dataDir,
      }),
      builtinAgent: () => readFile(builtinAgentFile(dataDir)),
      mask,
      signal: controller.signal,
      decisions,
      nowNs: () => BigInt(Date.now()) * 1_000_000n,
      monotonicMs: () => performance.now(),
      watcher: {
        begun: (id) => this.#enter(id, flight, call),
        log: (level, text) => voice.log(level, text),
        denied: (denial) => voice.denied(denial),
        rest: () => voice.rest(),
      },
    };
  }

  async #watch({ agent, voice, decisions }: Flight, result: Promise<RunResult>): Promise<void> {
    const { id } = voice;
    const over = await result.then(
      ({ end, message, fuel, steps }): RunOver => ({ id, agent, end, message: voice.last(message), fuel: String(fuel), steps }),
      (error: unknown): RunOver => ({ id, agent, ...failure(error), fuel: '0', steps: 0 }),
    );
    this.#flights.delete(id);
    decisions.close();
    this.#tell({ type: 'over', over });
  }

  #folder(): string {
    const { folder } = this.#init;
    if (folder === undefined) throw new NanosError('agents_not_configured', 'This host has no folder of agents: start it with --agents DIR, or with agents: { folder: DIR } in nanos.yaml');
    return folder;
  }

  #fileOf(id: string): string {
    return join(this.#init.dataDir, 'runs', `${id}.sqlite`);
  }
}

function wordOf({ number, request, scope }: DecideAsk): GivenWord {
  return { call: number, request, by: 'control_api', scope, decidedMs: Date.now() };
}

/** What the operator no longer grants, and what can't be read, is left as it is. */
const LEFT: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['usage', 'forbidden', 'not_found', 'recording_invalid', 'recording_unsupported', 'recording_corrupt']);

function failure(error: unknown): Pick<RunOver, 'end' | 'message'> {
  const { code, message } = toErrorData(error);
  // the host is closing: the next one goes on
  if (error instanceof RunSuspended || code === 'agents_restarted') return { end: 'suspended', message: '' };
  if (code === 'run_in_use') return { end: 'busy', message };
  return { end: LEFT.has(code) ? 'left' : 'host_failed', message };
}

/** Secrets in a manifest that may be gone or changed by now: they are known to the recording by reference only, and here to be masked. */
function literalsOf(manifestFile: string): Promise<ReadonlyMap<string, string>> {
  return readManifest(manifestFile).then(
    ({ literals }) => literals,
    () => new Map(),
  );
}
