import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assemble } from '../hostile/deploy-programs.ts';
import { largeApp } from '../samples/large-app.ts';
import { smallApp } from '../samples/small-app.ts';

const MODULE = `(module (memory (export "memory") 4) (func (export "grow") (drop (memory.grow (i32.const 12))) (memory.fill (i32.const 0) (i32.const 1) (i32.const 1000000))))`;

/** What an isolate leaves behind may hang on what was in it: each app has something else. */
const SOURCES: Readonly<Record<string, string>> = {
  buffers: `const kept = []; export default { fetch() { for (let i = 0; i < 20; i++) kept.push(new Uint8Array(50_000).fill(i)); return new Response(kept.at(-1)); } };`,
  intl: `const kept = []; export default { fetch() { for (let i = 0; i < 10; i++) kept.push(new Intl.DateTimeFormat('en', { dateStyle: 'full' })); return new Response(String(kept.length)); } };`,
  pending: `export default { fetch(request) { for (let i = 0; i < 100; i++) setTimeout(() => undefined, 1e6), new Promise(() => undefined).then(() => request); return new Response('left'); } };`,
  'web-api': `export default { async fetch() { const stream = new Response('text').body.pipeThrough(new TextDecoderStream()); const parts = await Array.fromAsync(stream); return Response.json({ parts, url: new URL('http://x/?a=1').searchParams.get('a'), id: crypto.randomUUID() }); } };`,
  wasm: `import module from './module.wasm'; export default { fetch() { const { exports } = new WebAssembly.Instance(module); exports.grow(); return new Response(String(exports.memory.buffer.byteLength)); } };`,
};
const SMALL_APPS = 4;

/** Writes the apps below `folder`; returns their names. */
export async function writeSoakApps(folder: string): Promise<string[]> {
  const sources = { ...SOURCES, large: await largeApp(0), ...Object.fromEntries(Array.from({ length: SMALL_APPS }, (_, index) => [`small-${index}`, smallApp(index)])) };
  for (const [name, source] of Object.entries(sources)) {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, 'index.js'), source);
  }
  writeFileSync(join(folder, 'wasm', 'module.wasm'), await assemble(MODULE));
  return Object.keys(sources);
}
