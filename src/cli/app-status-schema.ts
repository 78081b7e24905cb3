import { z } from 'zod';
import type { AppStatus } from '../protocol/control.ts';
import { isErrorCode, type ErrorCode } from '../protocol/errors.ts';

const errorCode = z.string().transform((code): ErrorCode => (isErrorCode(code) ? code : 'internal'));

const shape = z.object({
  name: z.string(),
  state: z.enum(['building', 'ready', 'failed', 'quarantined']),
  version: z.number(),
  source: z.enum(['folder', 'deployed']),
  folder: z.string(),
  urls: z.array(z.string()),
  versions: z.array(z.number()),
  error: z
    .object({
      code: errorCode,
      message: z.string(),
      position: z.object({ file: z.string(), line: z.number().optional(), column: z.number().optional() }).optional(),
      retryAfterS: z.number().optional(),
    })
    .optional(),
  residents: z.number(),
  // an older host says nothing of them
  cells: z.array(z.number()).default([]),
  apart: z.literal(true).optional(),
});

/** An app as the control API shows it; what a newer host adds is ignored. */
export const appStatusSchema = shape.transform((status): AppStatus => ({ ...status, error: status.error }));

export const appListSchema = z.object({ apps: z.array(appStatusSchema) });
