import { callForNothing, callForText, runtime, type Cancellable } from './runtime.ts';

/** Keeps a text under a key, beyond this run. */
export function store(key: string, value: string, { signal }: Cancellable = {}): Promise<void> {
  return callForNothing('memory_store', { key }, { body: String(value), signal });
}

/** The text stored under a key; undefined when there is none. With `{ query }`, what fits it best. */
export async function recall(wanted: string | { readonly query: string }, { signal }: Cancellable = {}): Promise<string | undefined> {
  try {
    return await callForText('memory_recall', typeof wanted === 'string' ? { key: wanted } : wanted, { signal });
  } catch (error) {
    if (error instanceof runtime.SyscallError && error.code === 'not_found') return undefined;
    throw error;
  }
}
