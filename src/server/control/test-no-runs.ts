/** For tests: what a host without agents answers. */
import type { RunsControl } from '../../protocol/agent/control.ts';
import { NanosError } from '../../protocol/errors.ts';

const refuse = (): Promise<never> => Promise.reject(new NanosError('agents_not_configured', 'No agents here'));

export const NO_RUNS: RunsControl = { start: refuse, list: refuse, run: refuse, events: refuse, fork: refuse, decide: refuse, cancel: refuse };
