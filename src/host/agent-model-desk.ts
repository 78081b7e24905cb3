import { realpath } from 'node:fs/promises';
import { expandSecrets, isLiteral, secretLookup, secretNames as namesIn } from '../policy/agent-secrets.ts';
import { hostAllowed } from '../policy/egress.ts';
import type { ModelRequest } from '../protocol/agent/manifest.ts';
import type { ModelAnswer, ModelAsk } from '../protocol/agent/messages.ts';
import type { EgressPolicy } from '../protocol/app.ts';
import { NanosError, toErrorData } from '../protocol/errors.ts';
import { canonicalHost } from '../protocol/hostname.ts';
import { isInside } from '../util/is-inside.ts';
import type { Models } from './models.ts';

export interface ModelDeskParts {
  readonly models: Pick<Models, 'forManifest'>;
  /** where models behind HTTP may be */
  readonly egress: EgressPolicy;
  /** of agents: GGUF files that manifests name are in it */
  readonly folder: string | undefined;
  /** variables that the operator lends */
  readonly secretNames: () => readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The supervisor's side of the calls that hosted agents make of models. */
export class ModelDesk {
  readonly #parts: ModelDeskParts;
  readonly #calls = new Map<number, AbortController>();

  constructor(parts: ModelDeskParts) {
    this.#parts = parts;
  }

  ask(ask: ModelAsk, answer: (answer: ModelAnswer) => void): void {
    if (ask.kind === 'start') return void this.#serve(ask, answer);
    this.#calls.get(ask.id)?.abort();
    this.#calls.delete(ask.id);
  }

  /** Whoever asked is gone. */
  abandon(): void {
    for (const call of this.#calls.values()) call.abort();
    this.#calls.clear();
  }

  async #serve(ask: Extract<ModelAsk, { kind: 'start' }>, answer: (answer: ModelAnswer) => void): Promise<void> {
    const { id, task, tenant } = ask;
    const call = new AbortController();
    this.#calls.set(id, call);
    try {
      const model = await this.#open(ask);
      const under = { tenant: `agent ${tenant}`, signal: call.signal };
      if (task.kind === 'embed') answer({ type: 'model', id, chunks: [], embeddings: await model.embed(task.inputs, under), over: {} });
      else {
        for await (const chunk of model.complete(task.request, under)) answer({ type: 'model', id, chunks: [chunk], over: undefined });
        answer({ type: 'model', id, chunks: [], over: {} });
      }
    } catch (error) {
      if (!call.signal.aborted) answer({ type: 'model', id, chunks: [], over: { error: toErrorData(error) } });
    } finally {
      if (this.#calls.get(id) === call) this.#calls.delete(id);
    }
  }

  async #open({ model, literals }: Extract<ModelAsk, { kind: 'start' }>) {
    const { models, egress, secretNames, environment } = this.#parts;
    if (model?.path !== undefined) await this.#requireInside(model);
    if (model !== undefined) this.#requireKnownHost(model);
    const lookup = secretLookup(new Map(literals), secretNames(), environment);
    return models.forManifest(model, egress, (reference) => expandSecrets(reference, lookup));
  }

  /** A folder's manifest does not send what the operator lends to a server of its own choice. */
  #requireKnownHost({ apiKey, apiUrl }: ModelRequest): void {
    if (apiKey === undefined || apiUrl === undefined || isLiteral(apiKey) || namesIn(apiKey).length === 0) return;
    const { egress } = this.#parts;
    const host = canonicalHost(new URL(apiUrl).hostname) ?? '';
    if (egress.hosts !== undefined && hostAllowed(host, egress).allowed) return;
    throw new NanosError('config_invalid', `A secret of the operator goes to named hosts only: name ${host} in agents.egress.hosts of the operator's file`);
  }

  /** A folder's manifest does not make the host read whatever file there is. */
  async #requireInside({ path = '' }: ModelRequest): Promise<void> {
    const { folder } = this.#parts;
    const real = await realpath(path).catch(() => undefined);
    if (real === undefined) throw new NanosError('model_missing', `There is no model file ${path}`);
    if (folder === undefined || !isInside(folder, real)) throw new NanosError('config_invalid', `The model file ${path} is outside of the folder of agents: put it into the folder models of the data directory, and name it by model_name`);
  }
}
