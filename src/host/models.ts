import { join } from 'node:path';
import { EMBEDDED_MODEL } from '../llm/embedded-model.ts';
import { findModel, usableModels } from '../llm/model-folder.ts';
import type { ModelInfo, ModelProvider, ModelService } from '../protocol/model.ts';
import { createEgress, type Egress } from '../net/egress/egress.ts';
import type { ModelRequest, SecretReference } from '../protocol/agent/manifest.ts';
import type { EgressPolicy } from '../protocol/app.ts';
import { manifestModel } from './manifest-model.ts';
import { modelHttp } from './model-http.ts';
import { ModelProcess, type ModelProcessOptions } from './model-process.ts';

/** Where operators put GGUF files, below the data directory. */
export const MODELS_FOLDER = 'models';

/** The models of a host, by their names. Nothing is started before the first call. */
export class Models implements ModelService {
  readonly #folder: string;
  readonly #process: ModelProcess;
  #egress: Egress | undefined;

  constructor(dataDir: string, options: ModelProcessOptions = {}) {
    this.#folder = join(dataDir, MODELS_FOLDER);
    this.#process = new ModelProcess(options);
  }

  list(): Promise<readonly ModelInfo[]> {
    return usableModels(this.#folder);
  }

  /** `contextTokens`: see LocalModelFile */
  async open(name: string, contextTokens?: number): Promise<ModelProvider> {
    const { path } = await findModel(this.#folder, name);
    return this.#process.provider({ path, contextTokens });
  }

  /**
   * The model that a manifest asks for; undefined: the embedded one. `policy` says where a provider behind HTTP may be, `expand` gives the value of a
   * secret. Throws `config_invalid`, `model_missing`, and what `expand` throws.
   */
  forManifest(request: ModelRequest | undefined, policy: EgressPolicy, expand: (secret: SecretReference) => string): Promise<ModelProvider> {
    this.#egress ??= createEgress();
    return manifestModel(request, { models: this, http: modelHttp(this.#egress, policy), expand });
  }

  /** Any file; undefined: the embedded model. */
  file(path: string | undefined, contextTokens?: number): ModelProvider {
    return this.#process.provider({ path: path ?? EMBEDDED_MODEL.path, contextTokens });
  }

  async close(): Promise<void> {
    this.#egress?.close();
    await this.#process.close();
  }
}
