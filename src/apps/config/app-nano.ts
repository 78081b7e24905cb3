import { z } from 'zod';
import { bindingRequestsSchema } from '../../protocol/bindings/binding-kinds.ts';
import { checkDocument } from '../../protocol/documents/check-document.ts';
import type { ConfigDocument } from '../../protocol/documents/config-document.ts';
import { appPortSchema, envSchema, hostPatternSchema, hostnameSchema, mergeHostnames } from '../../protocol/operator.ts';
import { writtenLimitsSchema } from '../../protocol/written-limits.ts';
import { cronsSchema } from './crons-schema.ts';
import type { WrittenConfig } from './written-config.ts';

const appNanoSchema = z.strictObject({
  name: z.string().optional(),
  main: z.string().optional(),
  hostname: hostnameSchema.optional(),
  hostnames: z.array(hostnameSchema).optional(),
  port: appPortSchema.optional(),
  env: envSchema.optional(),
  limits: writtenLimitsSchema.optional(),
  permissions: z.strictObject({ network: z.union([z.boolean(), z.array(hostPatternSchema)]).optional() }).optional(),
  bindings: bindingRequestsSchema.optional(),
  crons: cronsSchema.optional(),
});

/** An `app.nano` file. `permissions.network`: true or absent asks for any public host, false for none. Throws `config_invalid`. */
export function appNano(document: ConfigDocument): WrittenConfig {
  const written = checkDocument(appNanoSchema, document);
  return {
    name: written.name,
    main: written.main,
    hostnames: mergeHostnames(written.hostname, written.hostnames) ?? [],
    port: written.port,
    vars: written.env ?? {},
    limits: written.limits ?? {},
    rules: [],
    egress: requestedHosts(written.permissions?.network),
    bindings: written.bindings ?? {},
    crons: written.crons ?? [],
    warnings: [],
  };
}

function requestedHosts(network: boolean | readonly string[] | undefined): readonly string[] | undefined {
  if (network === undefined || network === true) return undefined;
  return network === false ? [] : network;
}
