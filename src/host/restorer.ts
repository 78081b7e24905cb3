/** Process entry: restores one snapshot as a cell would, and says what it got. V8 may abort the process instead. Disposable. */
import ivm from 'isolated-vm';
import { TenantIsolate } from '../sandbox/isolate/tenant-isolate.ts';
import type { RestoreReply, RestoreRequest } from './evaluation.ts';
import { ownBytes } from './own-bytes.ts';
import { serveParent } from './serve-parent.ts';

serveParent(restore);

async function restore({ snapshot, startupMsMax, memoryMbMax }: RestoreRequest): Promise<RestoreReply> {
  const failed = (message: string): RestoreReply => ({ restored: false, handlers: [], message });
  try {
    const isolate = await TenantIsolate.create({ snapshot: new ivm.ExternalCopy(ownBytes(snapshot)), partTexts: undefined, memoryMbMax, onCatastrophe: () => process.abort() });
    const attached = await isolate.attach(() => undefined, { varsJson: '{}', secretsJson: '{}', bindingsJson: '[]', wasm: [] }, startupMsMax);
    if (attached.end !== 'done') return failed(attached.message);
    return { restored: true, handlers: await isolate.handlers(startupMsMax), message: '' };
  } catch (error) {
    return failed(error instanceof Error ? error.message : 'unknown');
  }
}
