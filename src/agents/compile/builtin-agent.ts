/** The built-in agent, compiled: src/guest/builtin. It is made where it is first needed, and kept beside the other modules. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../../util/atomic-file.ts';
import { ownFile } from '../../util/own-file.ts';
import { readEngine } from './engine-file.ts';

/** What its bytes depend on, besides the engine; the same way from src and from dist. */
const SOURCES = ['../../guest/builtin/', '../../guest/agent/', '../../protocol/agent/', './'];

/** Throws `internal` where the engine was not built. */
export async function builtinAgent(dataDir: string): Promise<Uint8Array> {
  const folder = join(dataDir, 'modules');
  const file = join(folder, `builtin-${await inputsHash()}.wasm`);
  const kept = await readFile(file).catch(() => undefined);
  if (kept !== undefined) return kept;
  const { compileAgent } = await import('./compile-agent.ts');
  const { wasm } = await compileAgent(fileURLToPath(ownFile('../../guest/builtin/main', import.meta.url)));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFileAtomic(file, wasm);
  return wasm;
}

async function inputsHash(): Promise<string> {
  const hash = createHash('sha256').update(await readEngine());
  for (const source of SOURCES) {
    const folder = fileURLToPath(new URL(source, import.meta.url));
    const names = (await readdir(folder)).filter((name) => /(?<!\.d|\.test)\.[jt]s$/u.test(name)).toSorted();
    for (const name of names) hash.update(name).update(await readFile(join(folder, name)));
  }
  return hash.digest('hex');
}
