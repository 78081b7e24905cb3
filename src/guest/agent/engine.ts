/** What the engine gives to the prelude, and to nobody else: the functions of src/agents/compile/engine/glue.wat. */

export interface Engine {
  /** Makes a syscall: `head` is sent as UTF-8 and, when there is a body, a line feed and those bytes. Undefined: the reply comes later; else the reply. */
  readonly syscall: (op: number, id: number, head: string, body: Uint8Array | undefined) => Uint8Array<ArrayBuffer> | undefined;
  /** Text of well-formed UTF-8; undefined for other bytes. */
  readonly decode: (bytes: Uint8Array) => string | undefined;
  /** Text without lone surrogates to UTF-8. */
  readonly encode: (text: string) => Uint8Array<ArrayBuffer>;
  /** Fills the array with random bytes of the run. */
  readonly random: (bytes: Uint8Array) => void;
}

/** What the compiler defines on the global object while it evaluates the prelude, one letter each; see glue.wat. */
const NAMES = { syscall: '__nanos_s', decode: '__nanos_d', encode: '__nanos_e', random: '__nanos_r' } as const;

function take(name: string): unknown {
  const value: unknown = Reflect.get(globalThis, name);
  Reflect.deleteProperty(globalThis, name);
  return value;
}

export const engine: Engine = {
  syscall: take(NAMES.syscall) as Engine['syscall'],
  decode: take(NAMES.decode) as Engine['decode'],
  encode: take(NAMES.encode) as Engine['encode'],
  random: take(NAMES.random) as Engine['random'],
};
