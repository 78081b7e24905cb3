/** Limits as people write them in `nanos.yaml` and `app.nano`, and their way into AppLimits. */
import { z } from 'zod';
import { appLimitsSchema } from './limits.ts';
import type { AppLimits, AppLimitsRequest } from './limits.ts';
import { parseSize } from './parse-size.ts';

const BYTES_PER_MB = 1024 * 1024;

/** What each limit is called in files. */
export const LIMIT_KEYS = {
  memoryMbMax: 'memory',
  cpuMsMax: 'cpu_ms',
  startupMsMax: 'startup_ms',
  wallMsMax: 'wall_ms',
  subrequestsMax: 'subrequests',
  requestBodyBytesMax: 'body',
  inFlightMax: 'in_flight',
  queuedMax: 'queued',
} as const satisfies Record<keyof AppLimits, string>;

export const LIMIT_NAMES: readonly (keyof AppLimits)[] = appLimitsSchema.keyof().options;

const memory = z
  .union([z.number(), z.string()])
  .transform((written, context) => {
    const bytes = typeof written === 'number' ? written * BYTES_PER_MB : parseSize(written);
    if (bytes !== undefined && bytes % BYTES_PER_MB === 0) return bytes / BYTES_PER_MB;
    context.addIssue({ code: 'custom', message: 'must be a whole number of MB, such as 128 or "128MB"' });
    return z.NEVER;
  })
  .pipe(appLimitsSchema.shape.memoryMbMax);

const body = z
  .string()
  .transform((written, context) => {
    const bytes = parseSize(written);
    if (bytes !== undefined) return bytes;
    context.addIssue({ code: 'custom', message: 'must be a size such as "100MB"' });
    return z.NEVER;
  })
  .pipe(appLimitsSchema.shape.requestBodyBytesMax);

const { cpuMsMax, startupMsMax, wallMsMax, subrequestsMax, inFlightMax, queuedMax } = appLimitsSchema.shape;

/** `{ memory: "128MB" | MB, cpu_ms, startup_ms, wall_ms, subrequests, body: "100MB", in_flight, queued }`, each optional. */
export const writtenLimitsSchema = z
  .strictObject({
    memory: memory.optional(),
    cpu_ms: cpuMsMax.optional(),
    startup_ms: startupMsMax.optional(),
    wall_ms: wallMsMax.optional(),
    subrequests: subrequestsMax.optional(),
    body: body.optional(),
    in_flight: inFlightMax.optional(),
    queued: queuedMax.optional(),
  })
  .transform(
    (written): AppLimitsRequest => ({
      memoryMbMax: written.memory,
      cpuMsMax: written.cpu_ms,
      startupMsMax: written.startup_ms,
      wallMsMax: written.wall_ms,
      subrequestsMax: written.subrequests,
      requestBodyBytesMax: written.body,
      inFlightMax: written.in_flight,
      queuedMax: written.queued,
    }),
  );
