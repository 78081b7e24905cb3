import { isAbsolute } from 'node:path';
import { AGENT_LIMITS } from '../../protocol/agent-limits.ts';
import type { AgentManifest, ModelRequest } from '../../protocol/agent/manifest.ts';
import type { ModelProvider } from '../../protocol/model.ts';
import { Turns } from '../../util/turns.ts';

/** The model that a manifest asks for; undefined: the embedded one. Rejects with a NanosError. */
export type OpenModel = (request: ModelRequest | undefined) => Promise<ModelProvider>;

/** A model of one run. */
export interface RunModel {
  readonly turns: Turns;
  readonly provider: Promise<ModelProvider>;
}

/** By a run's own manifest, and by what is asked for. */
const opened = new WeakMap<AgentManifest, Map<string, RunModel>>();

/** Opened once a run. What is missing may be there at the next call. */
export function runModel(manifest: AgentManifest, request: ModelRequest | undefined, open: OpenModel): RunModel {
  const models = opened.get(manifest) ?? new Map<string, RunModel>();
  opened.set(manifest, models);
  const key = JSON.stringify(request ?? {});
  const known = models.get(key);
  if (known !== undefined) return known;
  const model = { turns: new Turns(AGENT_LIMITS.modelCallsMax), provider: open(request) };
  models.set(key, model);
  model.provider.catch(() => models.delete(key));
  return model;
}

/** Whether a manifest gets the model that comes with nanos. */
export function isEmbedded(request: ModelRequest | undefined): boolean {
  return request === undefined || (request.provider === 'local' && request.path === undefined && request.modelName === undefined);
}

/** The model that a manifest's texts are embedded by: the one that it names for that, else its own. */
export function embeddingRequest(request: ModelRequest | undefined): ModelRequest | undefined {
  if (request?.embeddingModel === undefined) return request;
  const { embeddingModel, path: _path, contextWindow: _contextWindow, ...rest } = request;
  const isFile = request.provider === 'local' && isAbsolute(embeddingModel);
  return { ...rest, ...(isFile ? { path: embeddingModel, modelName: undefined } : { modelName: embeddingModel }) };
}
