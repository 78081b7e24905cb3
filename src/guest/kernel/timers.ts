import { ToHost } from '../../protocol/boundary.ts';
import { reportException } from '../webapi/console/report-exception.ts';
import { bindTimerQueue, TimerQueue } from '../webapi/timers/index.ts';
import { nowMs } from './clock.ts';
import { currentRequest, enterRequest } from './current-request.ts';
import { message } from './outbox.ts';
import { inTurn } from './turns.ts';

/** All timers of the isolate; the host is asked for one wake-up, the earliest. */
const queue = new TimerQueue({
  now: nowMs,
  scheduleWake(timeMs, requestId) {
    message(ToHost.wake, 2)
      .field(timeMs === null ? '' : `${Math.ceil(timeMs)}`)
      .number(requestId);
  },
  currentRequest,
  withRequest(requestId, callback) {
    inTurn(() => {
      enterRequest(requestId);
      try {
        callback();
      } catch (error) {
        reportException(error);
      }
    });
  },
  reportException,
});
bindTimerQueue(queue);

export function runDueTimers(): void {
  queue.runDue();
}
