/** A scheduled job: looks every five minutes whether some addresses answer; `GET /` tells what it found. */
interface Env {
  readonly TARGETS: readonly string[];
  readonly TIMEOUT_MS: number;
}

interface Beat {
  readonly cron: string;
  readonly time: string;
  readonly found: Readonly<Record<string, number | 'no answer'>>;
}

const BEATS_MAX = 20;
// of this isolate: a history that must last belongs into a store
const beats: Beat[] = [];

export default {
  async scheduled({ cron, scheduledTime }, { TARGETS, TIMEOUT_MS }, context): Promise<void> {
    const found = await Promise.all(TARGETS.map(async (target) => [target, await look(target, TIMEOUT_MS)] as const));
    beats.unshift({ cron, time: new Date(scheduledTime).toISOString(), found: Object.fromEntries(found) });
    beats.length = Math.min(beats.length, BEATS_MAX);
    const silent = found.filter(([, status]) => status === 'no answer').map(([target]) => target);
    if (silent.length > 0) context.waitUntil(Promise.resolve().then(() => console.error(`no answer from ${silent.join(', ')}`)));
  },

  fetch: (): Response => Response.json(beats),
} satisfies ExportedHandler<Env>;

async function look(target: string, timeoutMs: number): Promise<number | 'no answer'> {
  try {
    const response = await fetch(target, { method: 'HEAD', signal: AbortSignal.timeout(timeoutMs) });
    return response.status;
  } catch {
    return 'no answer';
  }
}
