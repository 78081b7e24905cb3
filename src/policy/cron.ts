/** Cron patterns as Cloudflare reads them, https://developers.cloudflare.com/workers/configuration/cron-triggers/: five fields, in UTC, 1 is Sunday. */
import { Cron } from 'croner';

const MINUTE_MS = 60_000;
const PATTERN_LENGTH_MAX = 100;

export interface CronSchedule {
  readonly pattern: string;
  /** Whether it is due in the minute that begins at `minuteMs`, ms since the epoch. */
  isDue(minuteMs: number): boolean;
}

/** Throws a RangeError, whose message says what is wrong, for what is no pattern. */
export function parseCron(pattern: string): CronSchedule {
  const fields = pattern.trim().split(/\s+/);
  if (pattern.length > PATTERN_LENGTH_MAX || fields.length !== 5) throw new RangeError('A cron pattern has five fields: minute, hour, day of the month, month, day of the week');
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields;
  const cron = compile([minute, hour, day, month, standardWeekday(weekday)].join(' '));
  return {
    pattern,
    isDue: (minuteMs) => cron.nextRun(new Date(minuteMs - 1_000))?.getTime() === minuteMs - (minuteMs % MINUTE_MS),
  };
}

function compile(pattern: string): Cron {
  try {
    return new Cron(pattern, { timezone: 'UTC', paused: true });
  } catch (error) {
    throw new RangeError(error instanceof Error ? error.message.replace(/^CronPattern: /, '') : 'It can not be read', { cause: error });
  }
}

/** Days count from 1 for Sunday there, and from 0 in other crons. Steps and the n-th of a month stay numbers. */
function standardWeekday(field: string): string {
  return field.replace(/(^|[,-])(\d+)/g, (_, before: string, digits: string) => {
    const day = Number(digits);
    if (day < 1 || day > 7) throw new RangeError('A day of the week is a number from 1 (Sunday) to 7, or a name such as MON');
    return `${before}${day - 1}`;
  });
}
