import { z } from 'zod';
import { parseCron } from '../../policy/cron.ts';

const CRONS_MAX = 100;

const cronSchema = z.string().superRefine((pattern, context) => {
  try {
    parseCron(pattern);
  } catch (error) {
    context.addIssue({ code: 'custom', message: `is no cron pattern: ${error instanceof Error ? error.message : String(error)}` });
  }
});

/** Patterns of cron triggers. */
export const cronsSchema = z.array(cronSchema).max(CRONS_MAX, `must have at most ${CRONS_MAX} entries`);
