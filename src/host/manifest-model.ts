import type { ModelHttp } from '../llm/http/model-http.ts';
import { ollamaProvider } from '../llm/ollama/ollama-provider.ts';
import { openaiProvider } from '../llm/openai/openai-provider.ts';
import type { ModelRequest, SecretReference } from '../protocol/agent/manifest.ts';
import { NanosError } from '../protocol/errors.ts';
import type { ModelProvider } from '../protocol/model.ts';
import type { Models } from './models.ts';

export interface ManifestModelParts {
  readonly models: Models;
  /** for `ollama` and `openai`: leads where the operator, or the person who started the run, lets it */
  readonly http: ModelHttp;
  /** the value of a secret; throws when it may not be used */
  readonly expand: (secret: SecretReference) => string;
}

/** The model that a manifest asks for; undefined: the embedded one. Throws `config_invalid`, `model_missing`. Starts nothing. */
export async function manifestModel(request: ModelRequest | undefined, { models, http, expand }: ManifestModelParts): Promise<ModelProvider> {
  if (request === undefined || request.provider === 'local') return localModel(request, models);
  const { provider, modelName: model, apiUrl: url, apiKey, contextWindow: contextTokens } = request;
  if (model === undefined) throw new NanosError('config_invalid', `A model of the provider ${provider} needs a model_name`);
  if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? '')) throw new NanosError('config_invalid', `The model's api_url ${JSON.stringify(url)} is no http or https URL`);
  const key = apiKey === undefined ? undefined : expand(apiKey);
  return provider === 'openai' ? openaiProvider({ http, model, url, key }) : ollamaProvider({ http, model, url, key, contextTokens });
}

async function localModel(request: ModelRequest | undefined, models: Models): Promise<ModelProvider> {
  if (request?.path !== undefined || request?.modelName === undefined) return models.file(request?.path, request?.contextWindow);
  return models.open(request.modelName, request.contextWindow);
}
