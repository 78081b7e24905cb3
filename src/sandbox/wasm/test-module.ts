import wabt from 'wabt';

const { parseWat } = await wabt();

/** A module written as text, for tests; all features that the engine has. */
export function moduleFromText(text: string): Uint8Array<ArrayBuffer> {
  const module = parseWat('test.wat', text, { mutable_globals: true, exceptions: true, tail_call: true, multi_value: true, simd: true });
  try {
    return new Uint8Array(module.toBinary({ write_debug_names: false }).buffer);
  } finally {
    module.destroy();
  }
}
