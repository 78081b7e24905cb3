import type { Component } from './component.ts';

/** https://urlpattern.spec.whatwg.org/#protocol-component-matches-a-special-scheme-string */
export function matchesSpecialScheme({ regexp }: Component): boolean {
  return ['http', 'https', 'ws', 'wss', 'ftp', 'file'].some((scheme) => regexp.test(scheme));
}
