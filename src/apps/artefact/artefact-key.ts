import { createHash } from 'node:crypto';
import { ARTEFACT_FORMAT } from './artefact-file.ts';

export interface ArtefactIngredients {
  /** the app's script, with a service worker's vars in it */
  readonly script: string;
  readonly wasm: readonly Uint8Array[];
  /** hash of API script and engine; see `ApiSnapshot` in api-store.ts */
  readonly host: string;
  /** from how many bytes on an app is snapshotted */
  readonly snapshotBytesMin: number;
}

/** The content hash that names an artefact: everything that decides what is in it, in hex. */
export function artefactKey({ script, wasm, host, snapshotBytesMin }: ArtefactIngredients): string {
  const hash = createHash('sha256');
  const add = (data: string | Uint8Array): void => {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
    hash.update(`${bytes.length}:`).update(bytes);
  };
  for (const part of [`${ARTEFACT_FORMAT}`, host, `${snapshotBytesMin}`, script, `${wasm.length}`, ...wasm]) add(part);
  return hash.digest('hex');
}
