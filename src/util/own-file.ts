/**
 * URL of a sibling source file. Sources run as `.ts` in the repository and as `.js` in the published package; `name` has no ending.
 */
export function ownFile(name: string, importMetaUrl: string): URL {
  return new URL(`${name}${importMetaUrl.endsWith('.ts') ? '.ts' : '.js'}`, importMetaUrl);
}
