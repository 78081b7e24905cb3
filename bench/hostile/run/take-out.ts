/** Preloaded into a process of a weakened host: changes sources as they are loaded. The edits are in this module's own URL. */
import { registerHooks } from 'node:module';
import type { Edit } from '../defences.ts';

const edits = JSON.parse(new URL(import.meta.url).searchParams.get('edits') ?? '[]') as readonly Edit[];

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    const wanted = edits.filter(({ file }) => url.endsWith(`/src/${file}`));
    if (wanted.length === 0 || loaded.source === undefined || loaded.source === null) return loaded;
    const text = typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString('utf8');
    return { ...loaded, source: wanted.reduce(takeOut, text) };
  },
});

function takeOut(text: string, { file, from, to }: Edit): string {
  if (!text.includes(from)) throw new Error(`src/${file} does not hold any more: ${from}`);
  return text.replace(from, () => to);
}
