/** Header fields that belong to one connection and never pass through (RFC 9110 section 7.6.1). Names are lower-case. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export function isHopByHop(lowerCaseName: string): boolean {
  return HOP_BY_HOP.has(lowerCaseName);
}

/** The further fields that a Connection header declares hop-by-hop; undefined when there are none. */
export function namedByConnection(value: string): Set<string> | undefined {
  let named: Set<string> | undefined;
  for (const option of value.split(',')) {
    const name = option.trim().toLowerCase();
    if (name !== '' && name !== 'close' && name !== 'keep-alive' && !HOP_BY_HOP.has(name)) (named ??= new Set()).add(name);
  }
  return named;
}
