import { callForBytes, callForJson, callForNothing, callForText, type Cancellable } from './runtime.ts';

export interface FileEntry {
  readonly name: string;
  readonly type: 'file' | 'directory' | 'other';
  readonly size: number;
}

export interface FileStat {
  readonly type: FileEntry['type'];
  readonly size: number;
  readonly modifiedMs: number;
}

export interface ReadOptions extends Cancellable {
  /** null: the bytes as they are */
  readonly encoding?: 'utf8' | 'utf-8' | null | undefined;
}

/** Reads a file as text; malformed UTF-8 becomes U+FFFD. Paths are relative to the manifest's folder. */
export function readFile(path: string, options?: 'utf8' | 'utf-8' | (ReadOptions & { readonly encoding?: 'utf8' | 'utf-8' | undefined })): Promise<string>;
/** Reads a file as bytes. */
export function readFile(path: string, options: null | (ReadOptions & { readonly encoding: null })): Promise<Uint8Array<ArrayBuffer>>;
export function readFile(path: string, options: 'utf8' | 'utf-8' | null | ReadOptions = {}): Promise<string | Uint8Array<ArrayBuffer>> {
  const { encoding, signal } = typeof options === 'object' && options !== null ? options : { encoding: options };
  const head = { path: String(path) };
  return encoding === null ? callForBytes('fs_read', head, { signal }) : callForText('fs_read', head, { signal });
}

/** Reads a file as bytes. */
export function readBytes(path: string, { signal }: Cancellable = {}): Promise<Uint8Array<ArrayBuffer>> {
  return callForBytes('fs_read', { path: String(path) }, { signal });
}

/** Writes a file whole: readers see the file before or the file after. */
export function writeFile(path: string, content: string | Uint8Array, { signal }: Cancellable = {}): Promise<void> {
  const body = content instanceof Uint8Array ? content : String(content);
  return callForNothing('fs_write', { path: String(path) }, { body, signal });
}

/** What is in a folder, sorted by name. */
export function list(path = '.', { signal }: Cancellable = {}): Promise<FileEntry[]> {
  return callForJson('fs_list', { path: String(path) }, { signal });
}

export function stat(path: string, { signal }: Cancellable = {}): Promise<FileStat> {
  return callForJson('fs_stat', { path: String(path) }, { signal });
}

/** Makes a folder, and those on the way to it; one that is there already is left as it is. */
export function mkdir(path: string, { signal }: Cancellable = {}): Promise<void> {
  return callForNothing('fs_mkdir', { path: String(path) }, { signal });
}

/** Removes a file or an empty folder. What is not there is gone already. */
export function remove(path: string, { signal }: Cancellable = {}): Promise<void> {
  return callForNothing('fs_remove', { path: String(path) }, { signal });
}

/** Gives a file another name, in the place of a file that has it. Folders keep their names. */
export function rename(from: string, to: string, { signal }: Cancellable = {}): Promise<void> {
  return callForNothing('fs_rename', { from: String(from), to: String(to) }, { signal });
}
