import { dirname, join, sep } from 'node:path';

/**
 * Whether an app may be built from a file (both paths real): it lies in the app's folder, or, unless the app is confined to that, in a `node_modules`
 * folder beside or above it. Files elsewhere could be another tenant's, or the operator's.
 */
export function mayImport(folder: string, path: string, confined: boolean): boolean {
  if (isBelow(folder, path)) return true;
  if (confined) return false;
  for (let above = dirname(folder); ; above = dirname(above)) {
    if (isBelow(join(above, 'node_modules'), path)) return true;
    if (dirname(above) === above) return false;
  }
}

function isBelow(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
