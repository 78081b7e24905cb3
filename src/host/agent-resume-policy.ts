import { AGENT_HOST_LIMITS } from './agent-host-limits.ts';
import type { HostedRun } from './agent-hosted-runs.ts';

/** after the first resume without progress; four times as long after each further one */
const RESUME_PAUSE_MS = 1_000;

/**
 * The run as it is taken up the next time, with `entries` in its journal now; undefined: it is not, because the process ended too often while it was under way. One that makes progress
 * is more likely a neighbour of the culprit. A host that was stopped in good order is nobody's fault.
 */
export function nextAttempt(run: HostedRun, entries: number): HostedRun | undefined {
  if (run.suspended) return { ...run, entries, suspended: false };
  const withoutProgress = entries > run.entries ? 0 : run.withoutProgress + 1;
  const resumes = run.resumes + 1;
  const { resumesMax, resumesWithoutProgressMax } = AGENT_HOST_LIMITS;
  if (resumes > resumesMax || withoutProgress > resumesWithoutProgressMax) return undefined;
  return { ...run, entries, resumes, withoutProgress };
}

/** How long such a run waits before it is taken up. */
export function resumePauseMs({ withoutProgress }: HostedRun): number {
  return withoutProgress === 0 ? 0 : RESUME_PAUSE_MS * 4 ** (withoutProgress - 1);
}
