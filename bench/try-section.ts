import type { BenchScope } from './bench-scope.ts';

interface SectionRun {
  readonly scope: BenchScope;
  say(text: string): void;
  note(text: string): void;
}

/** One section that fails takes no other's figures with it: it gives none, and a note says why. Closes its scope. */
export async function trySection<Run extends SectionRun, Figure>(name: string, section: (run: Run) => Promise<Figure[]>, run: Run): Promise<Figure[]> {
  try {
    return await section(run);
  } catch (error) {
    run.scope.signal.throwIfAborted();
    const failed = `${name} FAILED: ${error instanceof Error ? error.message : String(error)}`;
    run.say(failed);
    run.note(failed);
    return [];
  } finally {
    await run.scope.close();
  }
}
