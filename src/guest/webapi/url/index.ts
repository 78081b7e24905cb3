import { exposeInterface } from '../webidl.ts';
import { URL } from './url.ts';
import { URLSearchParams } from './url-search-params.ts';

export { URL } from './url.ts';
export { URLSearchParams } from './url-search-params.ts';

export function installUrl(global: Record<string, unknown>): void {
  exposeInterface(global, 'URL', URL);
  exposeInterface(global, 'URLSearchParams', URLSearchParams);
}
