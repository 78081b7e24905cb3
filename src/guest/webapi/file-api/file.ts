/** https://w3c.github.io/FileAPI/#file-section */
import { nowMs } from '../../kernel/clock.ts';
import { requireArguments, toDictionary, toInteger, toSequence, toUSVString } from '../webidl.ts';
import { Blob, ConvertedParts, toPartElement } from './blob.ts';

export let isFile: (value: unknown) => value is File;

export class File extends Blob {
  readonly #name: string;
  readonly #lastModified: number;

  constructor(fileBits: unknown, fileName: unknown, options: unknown = undefined) {
    requireArguments(arguments.length, 2, 'File constructor');
    const parts = toSequence(fileBits, toPartElement);
    const name = toUSVString(fileName);
    super(new ConvertedParts(parts), options);
    this.#name = name;
    const { lastModified } = toDictionary(options, 'FilePropertyBag');
    this.#lastModified = lastModified === undefined ? nowMs() : toInteger(lastModified, 64, true);
  }

  get name(): string {
    return this.#name;
  }

  /** Milliseconds since the epoch */
  get lastModified(): number {
    return this.#lastModified;
  }

  static {
    isFile = (value): value is File => typeof value === 'object' && value !== null && #name in value;
  }
}
