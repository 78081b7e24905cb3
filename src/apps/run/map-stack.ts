import { loadSourceMap } from '../artefact/load-source-map.ts';
import type { StackMapper } from '../artefact/stack-mapper.ts';
import { API_FILENAME } from '../build/app-script.ts';
import type { MapStack } from './app-runner.ts';

/** A map is forgotten this long after its last use: it is larger than the app. */
const KEPT_MS = 30_000;

/** Maps one app's stacks to its sources; frames of the host's own script are left out. */
export function createMapStack(): MapStack {
  let kept: { key: string; mapper: StackMapper } | undefined;
  let forget: NodeJS.Timeout | undefined;
  return async ({ artefact }, stack) => {
    if (kept?.key !== artefact.key) kept = { key: artefact.key, mapper: await loadSourceMap(artefact.sourceMap) };
    clearTimeout(forget);
    forget = setTimeout(() => (kept = undefined), KEPT_MS).unref();
    const lines = kept.mapper.mapStack(stack).split('\n');
    return lines.filter((line) => !line.includes(API_FILENAME)).join('\n');
  };
}
