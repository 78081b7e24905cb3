import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from 'assemblyscript/asc';

/** The module of an AssemblyScript file. */
export async function compileAssemblyScript(file: string, options: readonly string[]): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'nanos-asc-'));
  try {
    const out = join(folder, 'out.wasm');
    const { error, stderr } = await main([file, '--outFile', out, '--optimize', ...options]);
    assert.equal(error, null, stderr.toString());
    return readFileSync(out);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The same, of a text. */
export async function compileAssemblyScriptText(text: string, options: readonly string[]): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'nanos-asc-'));
  try {
    writeFileSync(join(folder, 'guest.ts'), text);
    return await compileAssemblyScript(join(folder, 'guest.ts'), options);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
