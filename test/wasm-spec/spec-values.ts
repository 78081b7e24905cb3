import { atom, isList, type Form, type List } from './script-reader.ts';

/** Arguments of an invocation as JavaScript gives them to a module. */
export function argumentsOf(forms: readonly Form[]): unknown[] {
  return forms.map((form) => {
    if (!isList(form)) throw new Error('An argument is not a list');
    return constant(form);
  });
}

function constant(form: List): unknown {
  const type = atom(form.items[0]) ?? '';
  const value = atom(form.items[1]) ?? '';
  if (type === 'i32.const') return Number(BigInt.asIntN(32, integer(value)));
  if (type === 'i64.const') return BigInt.asIntN(64, integer(value));
  if (type === 'f32.const') return Math.fround(float(value));
  if (type === 'f64.const') return float(value);
  if (type === 'ref.null') return null;
  if (type === 'ref.extern' || type === 'ref.host') return Number(value);
  throw new Error(`No value of ${type}`);
}

function integer(text: string): bigint {
  const digits = text.replaceAll('_', '').replace(/^[+-]/u, '');
  return text.startsWith('-') ? -BigInt(digits) : BigInt(digits);
}

/** Also hexadecimal floats, rounded once: their digits here never exceed what a double holds, but for a tie or two that are told apart by the digits kept. */
function float(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  const plain = text.replaceAll('_', '').replace(/^[+-]/u, '');
  if (plain.startsWith('nan')) return NaN;
  if (plain === 'inf') return sign * Infinity;
  const hex = /^0x([0-9a-fA-F]*)\.?([0-9a-fA-F]*)(?:[pP]([+-]?\d+))?$/u.exec(plain);
  if (hex === null) return sign * Number(plain);
  const [, whole = '', fraction = '', exponent = '0'] = hex;
  return sign * scaled(BigInt(`0x${whole}${fraction}`), Number(exponent) - 4 * fraction.length);
}

/** digits × 2 ** exponent, correctly rounded unless it is subnormal. */
function scaled(digits: bigint, exponent: number): number {
  const half = Math.trunc(exponent / 2);
  return Number(digits) * 2 ** half * 2 ** (exponent - half);
}

/** Bits of a float as a script writes it, NaNs with their sign and payload. */
function floatBits(text: string, width: number): bigint {
  const plain = text.replaceAll('_', '').replace(/^[+-]/u, '');
  const sign = text.startsWith('-') ? 1n << BigInt(width - 1) : 0n;
  const fraction = width === 32 ? 23n : 52n;
  const infinity = width === 32 ? 0x7f80_0000n : 0x7ff0_0000_0000_0000n;
  if (plain.startsWith('nan')) return sign | infinity | (plain.startsWith('nan:0x') ? BigInt(plain.slice(4)) : 1n << (fraction - 1n));
  const view = new DataView(new ArrayBuffer(8));
  if (width === 32) view.setFloat32(0, float(text));
  else view.setFloat64(0, float(text));
  return width === 32 ? BigInt(view.getUint32(0)) : view.getBigUint64(0);
}

/** Whether a call must go through a caller module: JavaScript has no vectors, and a number of its own does not keep the bits of a NaN. */
export function needsBits(types: readonly string[], forms: readonly Form[]): boolean {
  return types.includes('v128') || forms.some((form) => isList(form) && form.items.some((item) => atom(item)?.includes('nan') === true));
}

/** An argument as instructions, floats by their bits. */
export function instructionsOf(form: Form): string {
  if (!isList(form)) throw new Error('An argument is not a list');
  const type = atom(form.items[0]) ?? '';
  const value = atom(form.items[1]) ?? '';
  if (type === 'f32.const') return `(f32.reinterpret_i32 (i32.const ${floatBits(value, 32)}))`;
  if (type === 'f64.const') return `(f64.reinterpret_i64 (i64.const ${floatBits(value, 64)}))`;
  if (type !== 'v128.const' || !value.startsWith('f')) return form.source;
  const width = value === 'f32x4' ? 32 : 64;
  return `(v128.const i${value.slice(1)} ${form.items.slice(2).map((item) => floatBits(atom(item) ?? '', width)).join(' ')})`;
}

/** Whether values are what the script expects. With `bits`, floats arrive as integers and vectors as two i64 each. */
export function matches(values: readonly unknown[], expected: readonly Form[], bits: boolean): boolean {
  const left = [...values];
  const fits = expected.every((form) => isList(form) && (atom(form.items[0]) === 'either' ? fitsAny(left, form.items.slice(1), bits) : fitsOne(left, form, bits)));
  return fits && (left.length === 0 || expected.length === 0);
}

function fitsAny(left: unknown[], forms: readonly Form[], bits: boolean): boolean {
  const kept = [...left];
  return forms.some((form) => {
    left.splice(0, left.length, ...kept);
    return isList(form) && fitsOne(left, form, bits);
  });
}

function fitsOne(left: unknown[], form: List, bits: boolean): boolean {
  const type = atom(form.items[0]) ?? '';
  const value = left.shift();
  if (type === 'v128.const') return fitsVector(value as bigint, left.shift() as bigint, form);
  if (type === 'ref.func') return typeof value === 'function';
  if (type === 'ref.null') return value === null;
  if (type === 'ref.extern' && form.items.length === 1) return value !== null;
  if (bits && type.startsWith('f')) return fitsFloat(BigInt(value as number), atom(form.items[1]) ?? '', type === 'f32.const' ? 32 : 64);
  return Object.is(value, constant(form));
}

function fitsVector(low: bigint, high: bigint, form: List): boolean {
  const shape = atom(form.items[1]) ?? '';
  const [, kind = '', bits = '', count = ''] = /^([if])(\d+)x(\d+)$/u.exec(shape) ?? [];
  const width = Number(bits);
  const whole = (BigInt.asUintN(64, high) << 64n) | BigInt.asUintN(64, low);
  return Array.from({ length: Number(count) }, (_, lane) => lane).every((lane) => {
    const text = atom(form.items[2 + lane]) ?? '';
    const actual = BigInt.asUintN(width, whole >> BigInt(lane * width));
    return kind === 'i' ? actual === BigInt.asUintN(width, integer(text)) : fitsFloat(actual, text, width);
  });
}

/** `nan:canonical` and `nan:arithmetic` are any NaN here; what metering makes of those is tested beside it. */
function fitsFloat(bits: bigint, text: string, width: number): boolean {
  const actual = BigInt.asUintN(width, bits);
  const magnitude = BigInt.asUintN(width - 1, actual);
  if (text === 'nan:canonical' || text === 'nan:arithmetic') return magnitude > (width === 32 ? 0x7f80_0000n : 0x7ff0_0000_0000_0000n);
  return actual === floatBits(text, width);
}
