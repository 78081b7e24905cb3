import type { AgentManifest } from '../../protocol/agent/manifest.ts';
import { NanosError } from '../../protocol/errors.ts';
import type { Embeddings } from '../../protocol/model.ts';
import type { CallProgress } from '../syscall-handler.ts';
import { embeddingRequest, runModel, type OpenModel } from './run-models.ts';
import { textTokensMax } from './token-estimate.ts';

export interface RunEmbedContext {
  readonly open: OpenModel;
  readonly manifest: AgentManifest;
  readonly progress: CallProgress;
  readonly signal: AbortSignal;
}

/** Vectors of texts, within the run's turns and budget of tokens. Rejects with a NanosError or the signal's reason. */
export async function runEmbed(texts: readonly string[], { open, manifest, progress, signal }: RunEmbedContext): Promise<Embeddings> {
  const { turns, provider } = runModel(manifest, embeddingRequest(manifest.model), open);
  const end = await turns.take(signal);
  try {
    const wanted = texts.reduce((sum, text) => sum + textTokensMax(text), 0);
    const reservation = await progress.reserve(wanted);
    try {
      if (reservation.tokens < Math.min(wanted, texts.join('').length / 4)) throw new NanosError('token_limit', `The budget of ${manifest.budgets.tokensMax} tokens (resources.tokens) has ${reservation.tokens} left, which is too few for these texts`);
      const embeddings = await (await provider).embed(texts, { tenant: manifest.name, signal });
      reservation.charge(embeddings.promptTokens);
      return embeddings;
    } finally {
      reservation.release();
    }
  } finally {
    end();
  }
}
