/**
 * The one spelling of a JSON value (RFC 8785): keys in the order of their UTF-16 units, no space. Properties that are undefined are left out.
 * Throws a TypeError for what JSON has no form for: NaN, infinities, bigints, functions, undefined in an array or alone.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`${value} has no form in JSON`);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object') return objectJson(value);
  throw new TypeError(`A value of type ${typeof value} has no form in JSON`);
}

function objectJson(value: object): string {
  const members = value as Readonly<Record<string, unknown>>;
  let json = '';
  for (const key of Object.keys(members).toSorted()) {
    const member = members[key];
    if (member !== undefined) json += `${json === '' ? '{' : ','}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return json === '' ? '{}' : `${json}}`;
}
