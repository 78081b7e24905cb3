import { reportException } from '../console/report-exception.ts';
import { defineGlobal, exposeInterface, requireArguments } from '../webidl.ts';
import { AbortController } from './abort-controller.ts';
import { AbortSignal } from './abort-signal.ts';
import { CustomEvent } from './custom-event.ts';
import { DOMException } from './dom-exception.ts';
import { Event } from './event.ts';
import { QuotaExceededError } from './quota-exceeded-error.ts';
import { EventTarget } from './event-target.ts';

export { AbortController } from './abort-controller.ts';
export { AbortSignal, addAbortAlgorithm, isAbortSignal, newAbortSignal, newDependentSignal } from './abort-signal.ts';
export { CustomEvent } from './custom-event.ts';
export { DOMException, isDOMException } from './dom-exception.ts';
export { Event } from './event.ts';
export { isQuotaExceededError, QuotaExceededError } from './quota-exceeded-error.ts';
export { dispatchTrusted, EventTarget, getEventHandler, setEventHandler } from './event-target.ts';

export function installDom(global: Record<string, unknown>): void {
  const interfaces = { DOMException, QuotaExceededError, EventTarget, Event, CustomEvent, AbortSignal, AbortController };
  for (const [name, interfaceClass] of Object.entries(interfaces)) exposeInterface(global, name, interfaceClass);
  defineGlobal(global, 'reportError', reportError, true);
}

function reportError(error: unknown): void {
  requireArguments(arguments.length, 1, 'reportError');
  reportException(error);
}
