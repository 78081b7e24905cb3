import { FixedLengthStream, IdentityTransformStream } from './identity-transform-stream.ts';
import { TextDecoderStream, TextEncoderStream } from './text-streams.ts';

const classes = { TextEncoderStream, TextDecoderStream, IdentityTransformStream, FixedLengthStream };

export function loadTransforms(): typeof classes {
  return classes;
}
