/** A run that has waited for so long is likely to go on waiting. */
export const QUIET_MS = 250;

/** What acts takes up to some ms: between two of them everything else in the process gets its turn. */
const GAP_MS = 5;

type Act = () => void;

/** In the order in which they are due, which is that of their entry. */
const waiting = new Map<Act, number>();
let timer: NodeJS.Timeout | undefined;

/** Calls `act` once nothing has happened for QUIET_MS, one at a time for all runs of the process. Returns what to call when something happens. Keeps no process alive. */
export function whenQuiet(act: Act): () => void {
  waiting.set(act, performance.now() + QUIET_MS);
  arm();
  return () => void waiting.delete(act);
}

function arm(): void {
  const [due] = waiting.values();
  if (due === undefined || timer !== undefined) return;
  timer = setTimeout(actOnce, Math.max(GAP_MS, due - performance.now())).unref();
}

function actOnce(): void {
  timer = undefined;
  const [first] = waiting;
  if (first !== undefined && first[1] <= performance.now()) {
    waiting.delete(first[0]);
    first[0]();
  }
  arm();
}
