/** What an app gets of what it asks for: its request cut by the operator's word. */
import { LIMIT_KEYS, LIMIT_NAMES } from '../protocol/written-limits.ts';
import type { AppLimits, AppLimitsRequest } from '../protocol/limits.ts';
import type { OperatorPolicy } from '../protocol/operator.ts';

/**
 * The operator's limits for this app, lowered as far as the app asks, raised only up to the operator's ceiling.
 * A limit that the operator names for this very app is both its value and its ceiling.
 */
export function effectiveLimits(request: AppLimitsRequest, operator: OperatorPolicy, appName: string): AppLimits {
  const granted = operator.tenants.get(appName)?.limits ?? {};
  const limits = { ...operator.limits };
  for (const name of LIMIT_NAMES) {
    const value = granted[name] ?? operator.limits[name];
    const ceiling = granted[name] ?? operator.limitsMax[name];
    limits[name] = Math.min(request[name] ?? value, ceiling);
  }
  return limits;
}

/** One line for each limit that the app asked for and did not get, by its name in files: `memory: 512 MB asked for, 128 MB granted`. */
export function describeDenied(request: AppLimitsRequest, granted: AppLimits): string[] {
  const lines: string[] = [];
  for (const name of LIMIT_NAMES) {
    const asked = request[name];
    if (asked === undefined || asked <= granted[name]) continue;
    lines.push(`${LIMIT_KEYS[name]}: ${withUnit(name, asked)} asked for, ${withUnit(name, granted[name])} granted`);
  }
  return lines;
}

function withUnit(name: keyof AppLimits, value: number): string {
  if (name === 'memoryMbMax') return `${value} MB`;
  if (name === 'requestBodyBytesMax') return `${value} bytes`;
  return name.endsWith('MsMax') ? `${value} ms` : String(value);
}
