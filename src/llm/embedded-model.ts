import { fileURLToPath } from 'node:url';

/** The model of who names none. It comes with nanos: models/MODEL_CARD.md. The same way up from src/llm and from dist/llm. */
export const EMBEDDED_MODEL = {
  name: 'nanos-agent',
  get path(): string {
    return fileURLToPath(new URL('../../models/nanos-agent.q8_0.gguf', import.meta.url));
  },
  /** for people who did not choose it */
  notice: 'This is a demonstration model of 1.9 MB for short, plainly worded goals. Name a better one in the manifest: model: { provider: local, path: FILE.gguf }',
} as const;
