import { createHash, type Hash } from 'node:crypto';
import { digestAlgorithms } from '../../protocol/digest-stream.ts';
import type { HostCall } from '../run/host-call.ts';

/** The digest of one of the guest's streams, as protocol/digest-stream.ts lays it out. The work is charged by the time it takes on this thread. */
export const digestStreamCall: HostCall = async (context, _name, [name, streamId]) => {
  const algorithm = digestAlgorithms.find((known) => known === name);
  if (algorithm === undefined || streamId === undefined || !/^\d{1,15}$/.test(streamId)) throw new RangeError('Fields are not those of a digest call');
  const input = context.readStream(Number(streamId));
  const cancel = (): void => input.cancel();
  context.signal.addEventListener('abort', cancel, { once: true });
  const hash = createHash(algorithm.replace('SHA-', 'sha').toLowerCase());
  for (let chunk = await input.read(); chunk !== null; chunk = await input.read()) context.chargeCpu(update(hash, chunk));
  context.signal.removeEventListener('abort', cancel);
  return { fields: [], buffers: [new Uint8Array(hash.digest()).buffer] };
};

function update(hash: Hash, chunk: Uint8Array): number {
  const startedMs = performance.now();
  hash.update(chunk);
  return performance.now() - startedMs;
}
