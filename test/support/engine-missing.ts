import { resolveLlama } from '../../src/llm/local/resolve-llama.ts';

/** Why tests with local models are skipped; false when they are not. */
export function engineMissing(): string | false {
  try {
    resolveLlama();
    return false;
  } catch {
    return 'the engine of local models is not installed: nanos models install';
  }
}
