/** The binding `service`: another app of the same host; what a folder asks and what the operator grants. docs/bindings.md. */
import { z } from 'zod';
import { isAppName } from '../hostname.ts';

export const SERVICE_BINDING = 'service';

const appName = z.string().refine(isAppName, 'must be the name of an app');

/** `service`: the app's name */
export const serviceRequestSchema = z.strictObject({ type: z.literal(SERVICE_BINDING), service: appName });
export const serviceGrantSchema = z.strictObject({ type: z.literal(SERVICE_BINDING), service: appName });
type ServiceWritten = z.infer<typeof serviceRequestSchema>;

export interface ServiceBinding {
  readonly type: typeof SERVICE_BINDING;
  readonly service: string;
}

/** What the app gets; text: why it gets nothing. */
export function settleService(request: ServiceWritten | undefined, grant: ServiceWritten): ServiceBinding | string {
  if (request !== undefined && request.service !== grant.service) return `the app ${request.service} is not granted: the operator's is ${grant.service}`;
  return { type: SERVICE_BINDING, service: grant.service };
}
