import { locateTarget, settle } from './locate.ts';
import type { FileCall } from './locate.ts';
import { OpenFolder } from './open-folder.ts';
import { makeFolder } from './write-file.ts';

/** A folder, and those on the way to it; one that is there already is left as it is. New ones are the host's user's alone. */
export function makeFolderAt(call: FileCall): void {
  settle(call, () => {
    const { folder, missing, name } = locateTarget(call);
    OpenFolder.open(folder.real).with((found) => makeBelow(found, [...missing, name]));
  });
}

function makeBelow(folder: OpenFolder, [name, ...rest]: readonly string[]): void {
  if (name === undefined) return;
  makeFolder(folder.at(name));
  folder.openFolder(name).with((made) => makeBelow(made, rest));
}
