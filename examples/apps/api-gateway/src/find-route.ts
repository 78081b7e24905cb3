export interface Route {
  readonly upstream: string;
  /** name of a service binding that is called in place of the network */
  readonly service?: string;
  /** how long clients may keep an answer that says nothing of it */
  readonly cacheSeconds?: number;
}

/** The route with the longest prefix that ends where a part of the path ends, and the URL behind it. */
export function findRoute(routes: Readonly<Record<string, Route>>, pathname: string): { route: Route; url: string } | undefined {
  const prefixes = Object.keys(routes).filter((prefix) => pathname === prefix || pathname.startsWith(`${prefix}/`));
  const [longest] = prefixes.toSorted((a, b) => b.length - a.length);
  if (longest === undefined) return undefined;
  const route = routes[longest];
  return { route, url: `${route.upstream.replace(/\/$/, '')}${pathname.slice(longest.length)}` };
}
