import { URLPattern } from './url-pattern.ts';

export function loadUrlPattern(): { URLPattern: typeof URLPattern } {
  return { URLPattern };
}
