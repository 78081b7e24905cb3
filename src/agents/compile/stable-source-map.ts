interface SourceMap {
  readonly version: 3;
  readonly sources: readonly string[];
  readonly mappings: string;
  readonly names: readonly string[];
}

/** A bundle's source map for the script that it becomes one line further down, with sources that don't tell where on a machine it was made. */
export function stableSourceMap(json: string): string {
  const { sources, mappings, names } = JSON.parse(json) as SourceMap;
  return JSON.stringify({ version: 3, sources: sources.map(stableSource), names, mappings: `;${mappings}` });
}

/** Packages may be installed in any folder above. */
function stableSource(source: string): string {
  return source.replace(/^(?:\.\.\/)+(?=node_modules\/)/u, '');
}
