import type { ConfigWarning, Json, ModuleRule } from '../../protocol/app.ts';
import type { BindingRequest } from '../../protocol/bindings/binding-kinds.ts';
import type { ConfigDocument, Path } from '../../protocol/documents/config-document.ts';
import type { AppLimitsRequest } from '../../protocol/limits.ts';

/** What a folder's configuration file says, whatever its format. */
export interface WrittenConfig {
  readonly name: string | undefined;
  readonly main: string | undefined;
  readonly hostnames: readonly string[];
  readonly port: number | undefined;
  readonly vars: Readonly<Record<string, Json>>;
  readonly limits: AppLimitsRequest;
  readonly rules: readonly ModuleRule[];
  readonly egress: readonly string[] | undefined;
  readonly bindings: Readonly<Record<string, BindingRequest>>;
  readonly crons: readonly string[];
  readonly warnings: readonly ConfigWarning[];
}

export const NOTHING_WRITTEN: WrittenConfig = {
  name: undefined,
  main: undefined,
  hostnames: [],
  port: undefined,
  vars: {},
  limits: {},
  rules: [],
  egress: undefined,
  bindings: {},
  crons: [],
  warnings: [],
};

/** Each warning costs a look for its place and a line in the log. */
const WARNINGS_MAX = 50;

/** The warnings about one file, no more than a reader would look at. */
export class WarningList {
  readonly #document: ConfigDocument;
  readonly #warnings: ConfigWarning[] = [];
  #more = 0;

  constructor(document: ConfigDocument) {
    this.#document = document;
  }

  add(path: Path, message: () => string): void {
    if (this.#warnings.length === WARNINGS_MAX) {
      this.#more++;
      return;
    }
    const { file, line } = this.#document.locate(path, 'key');
    this.#warnings.push({ file, line, message: message() });
  }

  all(): readonly ConfigWarning[] {
    if (this.#more === 0) return this.#warnings;
    return [...this.#warnings, { file: this.#document.file, line: 1, message: `${this.#more} more parts of the file are not supported and are ignored` }];
  }
}

/** Nothing in it: leaving it out means the same. */
export function isVacuous(value: Json | undefined): boolean {
  if (value === undefined || value === null) return true;
  return typeof value === 'object' && Object.values(value).every(isVacuous);
}
