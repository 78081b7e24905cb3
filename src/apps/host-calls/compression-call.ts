import { type CompressionDirection, compressionDirections, type CompressionFormat, compressionFormats } from '../../protocol/compression.ts';
import type { HostCall } from '../run/host-call.ts';
import { coded } from './compression.ts';

/** One stream of the guest through a coder, as protocol/compression.ts lays it out. */
export const compressionCall: HostCall = async (context, _name, [direction, format, streamId]) => {
  const known = { direction: compressionDirections.find((name) => name === direction), format: compressionFormats.find((name) => name === format) };
  if (known.direction === undefined || known.format === undefined || streamId === undefined || !/^\d{1,15}$/.test(streamId)) {
    throw new RangeError('Fields are not those of a compression call');
  }
  return { fields: [open(context, known.direction, known.format, Number(streamId))], buffers: [] };
};

function open(context: Parameters<HostCall>[0], direction: CompressionDirection, format: CompressionFormat, streamId: number): number {
  const input = context.readStream(streamId);
  const reader = coded(input, direction, format, (cpuMs) => context.chargeCpu(cpuMs));
  try {
    return context.offerStream(reader);
  } catch (error) {
    reader.cancel();
    throw error;
  }
}
