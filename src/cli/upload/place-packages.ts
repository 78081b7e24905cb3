import { NanosError } from '../../protocol/errors.ts';

const PATH_LENGTH_MAX = 512;

/** What a package, or the app itself, imports: the name written there → the real folder that it resolved to. */
export type PackageUses = ReadonlyMap<string, string>;

/**
 * Lays packages out so that every import resolves to the same folder as before, wherever the packages were: hoisted above the app, nested,
 * or linked from a store. Returns `node_modules/…` paths → real folders. As npm does: at the top when nothing of that name is in the way,
 * else below the package that needs it (Node.js documentation, "Loading from node_modules folders").
 */
export function placePackages(appUses: PackageUses, packages: ReadonlyMap<string, PackageUses>): ReadonlyMap<string, string> {
  const places = new Map<string, string>();
  const pending: string[] = [];
  const place = (path: string, folder: string) => {
    if (path.length > PATH_LENGTH_MAX) throw new NanosError('build_failed', `The packages below ${path.slice(0, 80)} need each other in versions that can't be laid out in folders`);
    places.set(path, folder);
    pending.push(path);
  };
  for (const [name, folder] of appUses) place(`node_modules/${name}`, folder);
  for (let path = pending.shift(); path !== undefined; path = pending.shift()) {
    const here = places.get(path) ?? '';
    for (const [name, folder] of packages.get(here) ?? []) {
      const found = lookUp(places, path, name);
      if (folder === here || found === folder) continue;
      place(found === undefined ? `node_modules/${name}` : `${path}/node_modules/${name}`, folder);
    }
  }
  return places;
}

/** What `name` resolves to from the package at `path`: the nearest `node_modules` on the way up. */
function lookUp(places: ReadonlyMap<string, string>, path: string, name: string): string | undefined {
  for (let above = path; above !== ''; above = above.slice(0, Math.max(0, above.lastIndexOf('/node_modules/')))) {
    const found = places.get(`${above}/node_modules/${name}`);
    if (found !== undefined) return found;
  }
  return places.get(`node_modules/${name}`);
}
