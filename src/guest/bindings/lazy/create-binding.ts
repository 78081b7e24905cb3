import { Agent } from './agent.ts';
import { Ai } from './ai.ts';
import { Fetcher } from './service.ts';

/** Every kind of binding: what stands in `env` for it. */
const kinds: Readonly<Record<string, new (name: string) => object>> = { llm: Ai, agent: Agent, service: Fetcher };

export function createBinding(type: string, name: string): object | undefined {
  const Kind = kinds[type];
  return Kind === undefined ? undefined : new Kind(name);
}
