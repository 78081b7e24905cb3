import { SUBTLE_CALL } from '../../protocol/subtle.ts';
import type { HostCall } from '../run/host-call.ts';
import { runSubtle } from './subtle.ts';

/** `crypto.subtle` as protocol/subtle.ts lays it out, charged to the request. */
export const subtleCall: HostCall = (context, name, fields, buffers) => runSubtle(name.slice(SUBTLE_CALL.length + 1), fields, buffers, context);
