/** The built-in agent in the data directory, for the agents' process, which may compile nothing. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { builtinAgent } from '../agents/compile/builtin-agent.ts';
import { writeFileAtomic } from '../util/atomic-file.ts';

/** Where the agents' process finds it. */
export function builtinAgentFile(dataDir: string): string {
  return join(dataDir, 'agents', 'builtin.wasm');
}

/** In the supervisor, before a run is started. */
export async function prepareBuiltinAgent(dataDir: string): Promise<void> {
  const wasm = await builtinAgent(dataDir);
  const there = await readFile(builtinAgentFile(dataDir)).catch(() => undefined);
  if (there === undefined || !there.equals(wasm)) await writeFileAtomic(builtinAgentFile(dataDir), wasm);
}
