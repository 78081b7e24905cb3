/** https://xhr.spec.whatwg.org/#interface-formdata */
import { Blob, File, isBlob, isFile } from '../file-api/index.ts';
import { requireArguments, toUSVString } from '../webidl.ts';
import type { PairIterable } from '../pair-iterable.ts';
import { makePairIterable } from '../pair-iterable.ts';

export type FormDataValue = string | File;

export let isFormData: (value: unknown) => value is FormData;
/** The live list: name, value, name, value, … */
export let formDataEntries: (formData: FormData) => FormDataValue[];

export class FormData {
  /** name, value, name, value, … */
  #entries: FormDataValue[] = [];

  declare readonly entries: PairIterable<FormDataValue>['entries'];
  declare readonly keys: PairIterable<FormDataValue>['keys'];
  declare readonly values: PairIterable<FormDataValue>['values'];
  declare readonly forEach: PairIterable<FormDataValue>['forEach'];
  declare readonly [Symbol.iterator]: PairIterable<FormDataValue>[typeof Symbol.iterator];

  constructor(form: unknown = undefined) {
    if (form !== undefined) throw new TypeError('FormData constructor: there are no form elements here');
  }

  append(name: unknown, value: unknown, filename: unknown = undefined): void {
    requireArguments(arguments.length, 2, 'FormData.append');
    const key = toUSVString(name);
    this.#entries.push(key, toEntryValue(value, filename, arguments.length > 2));
  }

  delete(name: unknown): void {
    requireArguments(arguments.length, 1, 'FormData.delete');
    this.#replace(toUSVString(name));
  }

  get(name: unknown): FormDataValue | null {
    requireArguments(arguments.length, 1, 'FormData.get');
    const at = this.#find(toUSVString(name), 0);
    return at < 0 ? null : (this.#entries[at + 1] as FormDataValue);
  }

  getAll(name: unknown): FormDataValue[] {
    requireArguments(arguments.length, 1, 'FormData.getAll');
    const key = toUSVString(name);
    const values: FormDataValue[] = [];
    for (let at = this.#find(key, 0); at >= 0; at = this.#find(key, at + 2)) values.push(this.#entries[at + 1] as FormDataValue);
    return values;
  }

  has(name: unknown): boolean {
    requireArguments(arguments.length, 1, 'FormData.has');
    return this.#find(toUSVString(name), 0) >= 0;
  }

  set(name: unknown, value: unknown, filename: unknown = undefined): void {
    requireArguments(arguments.length, 2, 'FormData.set');
    const key = toUSVString(name);
    this.#replace(key, toEntryValue(value, filename, arguments.length > 2));
  }

  #find(name: string, from: number): number {
    for (let at = from; at < this.#entries.length; at += 2) if (this.#entries[at] === name) return at;
    return -1;
  }

  /** Puts `value` in place of the first entry of that name, or at the end, and removes all others. */
  #replace(name: string, value?: FormDataValue): void {
    const kept: FormDataValue[] = [];
    let pending = value;
    for (let at = 0; at < this.#entries.length; at += 2) {
      const key = this.#entries[at] as string;
      if (key !== name) kept.push(key, this.#entries[at + 1] as FormDataValue);
      else if (pending !== undefined) {
        kept.push(name, pending);
        pending = undefined;
      }
    }
    if (pending !== undefined) kept.push(name, pending);
    this.#entries = kept;
  }

  static {
    isFormData = (value): value is FormData => typeof value === 'object' && value !== null && #entries in value;
    formDataEntries = (formData) => formData.#entries;
    makePairIterable('FormData', this.prototype, (self) => (self as FormData).#entries);
  }
}


/** https://html.spec.whatwg.org/#create-an-entry */
function toEntryValue(value: unknown, filename: unknown, named: boolean): FormDataValue {
  if (!isBlob(value)) {
    if (named) throw new TypeError('FormData: a file name goes with a Blob only');
    return toUSVString(value);
  }
  if (named) return new File([value], toUSVString(filename), fileOptions(value));
  return isFile(value) ? value : new File([value], 'blob', fileOptions(value));
}

function fileOptions(blob: Blob): object {
  return isFile(blob) ? { type: blob.type, lastModified: blob.lastModified } : { type: blob.type };
}
