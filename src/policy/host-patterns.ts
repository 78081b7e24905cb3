/** Sets of hosts as patterns: a host name, or `*.suffix` for every name below `suffix`; undefined is every host. */

/** What both allow. */
export function intersectHosts(requested: readonly string[] | undefined, allowed: readonly string[] | undefined): readonly string[] | undefined {
  if (requested === undefined) return allowed;
  if (allowed === undefined) return requested;
  const narrower = requested.filter((pattern) => allowed.some((other) => covers(other, pattern)));
  const cut = allowed.filter((pattern) => requested.some((other) => covers(other, pattern)));
  return [...new Set([...narrower, ...cut])];
}

/** Every host that `inner` matches is matched by `outer`; `*.a.com` matches the names below `a.com`, not `a.com`. */
export function covers(outer: string, inner: string): boolean {
  return outer === inner || (outer.startsWith('*.') && inner.endsWith(outer.slice(1)));
}
