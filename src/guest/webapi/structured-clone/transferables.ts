/** Platform objects that can be transferred say here how; ArrayBuffers are known without. */

export interface Transfer {
  readonly clone: object;
  /** Moves what the original has into `clone`; the original is detached then. */
  commit(): void;
}

/** Undefined for a value of another kind. What it returns gives undefined when the value is detached already. */
type Begin = (value: object) => (() => Transfer | undefined) | undefined;

const kinds: Begin[] = [];

export function onTransfer(begin: Begin): void {
  kinds.push(begin);
}

export function beginTransfer(value: object): (() => Transfer | undefined) | undefined {
  for (const begin of kinds) {
    const transfer = begin(value);
    if (transfer !== undefined) return transfer;
  }
  return undefined;
}
