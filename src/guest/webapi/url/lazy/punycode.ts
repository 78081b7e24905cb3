/** Punycode, RFC 3492. */
const base = 36;
const tMin = 1;
const tMax = 26;
const initialBias = 72;
const initialN = 128;

/** RFC 3492 section 6.1 */
function adapt(delta: number, count: number, isFirst: boolean): number {
  let left = isFirst ? Math.floor(delta / 700) : delta >> 1;
  left += Math.floor(left / count);
  let k = 0;
  for (; left > ((base - tMin) * tMax) >> 1; k += base) left = Math.floor(left / (base - tMin));
  return k + Math.floor(((base - tMin + 1) * left) / (left + 38));
}

function threshold(k: number, bias: number): number {
  return Math.min(Math.max(k - bias, tMin), tMax);
}

function digit(value: number): string {
  return String.fromCharCode(value < 26 ? value + 97 : value + 22);
}

/** RFC 3492 section 6.3, without the "xn--" */
export function punycodeEncode(label: string): string {
  const points = Array.from(label, (character) => character.codePointAt(0) ?? 0);
  const basic = points.filter((point) => point < 0x80);
  let output = String.fromCharCode(...basic) + (basic.length > 0 ? '-' : '');
  let [n, delta, bias, handled] = [initialN, 0, initialBias, basic.length];
  while (handled < points.length) {
    const next = Math.min(...points.filter((point) => point >= n));
    delta += (next - n) * (handled + 1);
    n = next;
    for (const point of points) {
      if (point < n) delta++;
      if (point !== n) continue;
      output += variableLength(delta, bias);
      bias = adapt(delta, handled + 1, handled === basic.length);
      delta = 0;
      handled++;
    }
    delta++;
    n++;
  }
  return output;
}

function variableLength(delta: number, bias: number): string {
  let output = '';
  let left = delta;
  for (let k = base; ; k += base) {
    const t = threshold(k, bias);
    if (left < t) return output + digit(left);
    output += digit(t + ((left - t) % (base - t)));
    left = Math.floor((left - t) / (base - t));
  }
}

function digitValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30 + 26;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x7a ? letter - 0x61 : base;
}

/** RFC 3492 section 6.2, without the "xn--"; null on malformed input. */
export function punycodeDecode(input: string): string | null {
  const basicEnd = Math.max(input.lastIndexOf('-'), 0);
  const points = Array.from(input.slice(0, basicEnd), (character) => character.codePointAt(0) ?? 0);
  let [n, i, bias] = [initialN, 0, initialBias];
  for (let at = basicEnd > 0 ? basicEnd + 1 : 0; at < input.length; ) {
    const before = i;
    let weight = 1;
    for (let k = base; ; k += base) {
      const value = digitValue(input.charCodeAt(at++));
      if (!(value < base)) return null;
      i += value * weight;
      const t = threshold(k, bias);
      if (value < t) break;
      weight *= base - t;
      if (i > 0x7fff_ffff || weight > 0x7fff_ffff) return null;
    }
    bias = adapt(i - before, points.length + 1, before === 0);
    n += Math.floor(i / (points.length + 1));
    if (n > 0x10ffff) return null;
    i %= points.length + 1;
    points.splice(i++, 0, n);
  }
  return points.map((point) => String.fromCodePoint(point)).join('');
}
