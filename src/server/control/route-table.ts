import { NanosError } from '../../protocol/errors.ts';
import type { Route } from './route.ts';

export interface RouteMatch {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

interface CompiledRoute {
  readonly route: Route;
  readonly parts: readonly string[];
}

/** Finds the route of a method and a path. HEAD goes where GET goes. */
export class RouteTable {
  readonly #routes: readonly CompiledRoute[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes.map((route) => ({ route, parts: route.path.split('/') }));
  }

  /** Throws `not_found`, or {@link MethodNotAllowed} when the path exists with other methods. */
  match(method: string, pathname: string): RouteMatch {
    const parts = pathname.split('/').map(decodePart);
    const wanted = method === 'HEAD' ? 'GET' : method;
    const allowed: string[] = [];
    for (const { route, parts: pattern } of this.#routes) {
      const params = matchParts(pattern, parts);
      if (params === undefined) continue;
      if (route.method === wanted) return { route, params };
      allowed.push(route.method, ...(route.method === 'GET' ? ['HEAD'] : []));
    }
    if (allowed.length > 0) throw new MethodNotAllowed(method, allowed.toSorted());
    throw new NanosError('not_found', `There is nothing at ${pathname.slice(0, 200)}`);
  }
}

export class MethodNotAllowed extends NanosError {
  readonly allowed: readonly string[];

  constructor(method: string, allowed: readonly string[]) {
    super('method_not_allowed', `${method} is not possible here, but ${allowed.join(', ')}`);
    this.allowed = allowed;
  }
}

function matchParts(pattern: readonly string[], parts: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, wanted] of pattern.entries()) {
    const part = parts[index] ?? '';
    if (wanted.startsWith(':')) params[wanted.slice(1)] = part;
    else if (wanted !== part) return undefined;
  }
  return params;
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new NanosError('bad_request', 'The path holds a malformed percent escape');
  }
}
