import { exposeInterface } from '../webidl.ts';
import { Blob } from './blob.ts';
import { File } from './file.ts';

export { Blob, blobBytes, blobFromParts, blobParts, isBlob, setBlobStreamFactory } from './blob.ts';
export { File, isFile } from './file.ts';

export function installFileApi(global: Record<string, unknown>): void {
  exposeInterface(global, 'Blob', Blob);
  exposeInterface(global, 'File', File);
}
