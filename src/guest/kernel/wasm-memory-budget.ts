/**
 * How much memory of WebAssembly one isolate may have, in all its memories together. V8 counts none of it against the isolate's limit; each memory
 * alone is capped by a flag of the process. What lives is summed up when another one is asked for: what grows inside a module meanwhile is not seen.
 * Kept in linked records, on which a tenant's accessors for Array and Object have no hold.
 */
import { WeakMapConstructor, weakMapGet, weakMapSet, WeakRefConstructor, weakRefDeref } from './primordials.ts';
import { initialPages } from './wasm-pages.ts';

const PAGE_BYTES = 65_536;
/** Room for two of the largest. */
const PAGES_MAX = 4_096;

/** Whatever keeps one of these keeps the memory. */
interface Owner {
  readonly object: WeakRef<object>;
  readonly next: Owner | undefined;
}

interface Held {
  readonly owners: Owner | undefined;
  readonly bytes: () => number;
  next: Held | undefined;
}

let held: Held | undefined;

/** Throws a RangeError when there is no room for that many more pages. */
export function admitPages(pages: number): void {
  let bytes = pages * PAGE_BYTES;
  let living: Held | undefined;
  for (let one = held; one !== undefined; ) {
    const { next } = one;
    if (lives(one.owners)) {
      one.next = living;
      living = one;
      bytes += one.bytes();
    }
    one = next;
  }
  held = living;
  if (bytes > PAGES_MAX * PAGE_BYTES) throw new RangeError(`WebAssembly memories of an app are limited to ${PAGES_MAX} pages together`);
}

function lives(owners: Owner | undefined): boolean {
  for (let owner = owners; owner !== undefined; owner = owner.next) if (weakRefDeref(owner.object) !== undefined) return true;
  return false;
}

export function owner(object: object, next?: Owner): Owner {
  return { object: new WeakRefConstructor(object), next };
}

/** From now on `bytes` counts, for as long as one of the owners lives. */
export function holdPages(owners: Owner, bytes: () => number): void {
  held = { owners, bytes, next: held };
}

const modules = new WeakMapConstructor<object, number>();

/** `bytes`: a valid module. */
export function noteModule(module: object, bytes: ArrayBuffer): void {
  weakMapSet(modules, module, initialPages(bytes));
}

/** Pages of its own that each instance of the module begins with. */
export function pagesOfModule(module: object): number {
  return weakMapGet(modules, module) ?? 0;
}

export function bytesOfPages(pages: number): number {
  return pages * PAGE_BYTES;
}
