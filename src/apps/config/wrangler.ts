import { z } from 'zod';
import type { Json, ModuleRule } from '../../protocol/app.ts';
import { type BindingRequest, bindingNameSchema } from '../../protocol/bindings/binding-kinds.ts';
import { LLM_BINDING } from '../../protocol/bindings/llm-binding.ts';
import { SERVICE_BINDING } from '../../protocol/bindings/service-binding.ts';
import { checkDocument } from '../../protocol/documents/check-document.ts';
import { quoted } from '../../protocol/documents/config-document.ts';
import type { ConfigDocument, Path } from '../../protocol/documents/config-document.ts';
import { nearestKey } from '../../protocol/documents/nearest-key.ts';
import { canonicalHost, isAppName } from '../../protocol/hostname.ts';
import { envSchema } from '../../protocol/operator.ts';
import { cronsSchema } from './crons-schema.ts';
import { WarningList, isVacuous } from './written-config.ts';
import type { WrittenConfig } from './written-config.ts';

const RULE_TYPES = ['ESModule', 'CommonJS', 'Text', 'Data', 'CompiledWasm', 'Json'] as const;

const count = z.int().min(1);
const routeSchema = z.union([z.string(), z.looseObject({ pattern: z.string() })]);
const ruleSchema = z.looseObject({ type: z.string(), globs: z.array(z.string()) });

/** The part that is read; what else may stand in the file is judged key by key. */
const wranglerSchema = z.looseObject({
  name: z.string().optional(),
  main: z.string().optional(),
  vars: envSchema.optional(),
  route: routeSchema.optional(),
  routes: z.array(routeSchema).optional(),
  limits: z.looseObject({ cpu_ms: count.optional(), subrequests: count.optional() }).optional(),
  rules: z.array(ruleSchema).optional(),
  ai: z.looseObject({ binding: bindingNameSchema }).optional(),
  services: z.array(z.looseObject({ binding: bindingNameSchema, service: z.string().refine(isAppName, 'must be the name of an app') })).optional(),
  triggers: z.looseObject({ crons: cronsSchema.optional() }).optional(),
});

const READ_KEYS = Object.keys(wranglerSchema.shape);
const ROUTE_KEYS = new Set(['pattern', 'zone_name', 'zone_id', 'custom_domain', 'enabled', 'previews_enabled']);
const RULE_KEYS = new Set(['type', 'globs', 'fallthrough']);
const AI_KEYS = new Set(['binding', 'remote']);
const SERVICE_KEYS = new Set(['binding', 'service', 'environment', 'remote']);
const TRIGGER_KEYS = new Set(['crons']);
const LIMIT_KEYS = new Set(['cpu_ms', 'subrequests']);

/** Keys that say something to Cloudflare's platform or to wrangler's own commands, and nothing to the app. */
const KEYS_WITHOUT_EFFECT = new Set([
  '$schema',
  'account_id',
  'compatibility_date',
  'compliance_region',
  'dev',
  'first_party_worker',
  'keep_names',
  'keep_vars',
  'legacy_env',
  'logpush',
  'minify',
  'observability',
  'placement',
  'preserve_file_names',
  'preview_urls',
  'send_metrics',
  'upload_source_maps',
  'usage_model',
  'workers_dev',
  'zone_id',
]);

/** Keys that have no effect while they are off. */
const SWITCHES = new Set(['no_bundle', 'node_compat', 'find_additional_modules']);

/** Keys that wrangler knows, so that none of them passes for a misspelling of another. */
const UNSUPPORTED_KEYS = new Set(
  `ai_search alias analytics_engine_datasets assets base_dir browser build cloudchamber compatibility_flags containers d1_databases data_blobs define
  dispatch_namespaces durable_objects env exports hyperdrive images jsx_factory jsx_fragment kv_namespaces media migrations mtls_certificates
  pages_build_output_dir pipelines python_modules queues r2_buckets ratelimits secrets secrets_store_secrets send_email site streaming_tail_consumers
  tail_consumers text_blobs tsconfig type unsafe unsafe_hello_world vectorize version_metadata vpc_services wasm_modules worker_loaders workflows`.split(/\s+/),
);

/** A wrangler file, as it is. What it asks for beyond this host's abilities becomes a warning each. Throws `config_invalid`. */
export function wrangler(document: ConfigDocument): WrittenConfig {
  const written = checkDocument(wranglerSchema, document);
  const warnings = new WarningList(document);
  for (const [key, value] of Object.entries(written)) warnAboutKey(warnings, key, value);
  warnAboutOthers(warnings, ['limits'], written.limits ?? {}, LIMIT_KEYS);
  warnAboutOthers(warnings, ['ai'], written.ai ?? {}, AI_KEYS);
  for (const [index, service] of (written.services ?? []).entries()) warnAboutOthers(warnings, ['services', index], service, SERVICE_KEYS);
  warnAboutOthers(warnings, ['triggers'], written.triggers ?? {}, TRIGGER_KEYS);
  const routes: { route: z.infer<typeof routeSchema>; path: Path }[] = (written.routes ?? []).map((route, index) => ({ route, path: ['routes', index] }));
  if (written.route !== undefined) routes.push({ route: written.route, path: ['route'] });
  return {
    name: written.name,
    main: written.main,
    hostnames: [...new Set(routes.flatMap(({ route, path }) => hostnameOf(warnings, path, route)))],
    port: undefined,
    vars: written.vars ?? {},
    limits: { cpuMsMax: written.limits?.cpu_ms, subrequestsMax: written.limits?.subrequests },
    rules: (written.rules ?? []).flatMap((rule, index) => moduleRule(warnings, ['rules', index], rule)),
    egress: undefined,
    bindings: bindingsOf(written),
    crons: written.triggers?.crons ?? [],
    warnings: warnings.all(),
  };
}

function bindingsOf({ ai, services = [] }: z.infer<typeof wranglerSchema>): Record<string, BindingRequest> {
  const named = services.map(({ binding, service }): [string, BindingRequest] => [binding, { type: SERVICE_BINDING, service }]);
  return { ...Object.fromEntries(named), ...(ai === undefined ? {} : { [ai.binding]: { type: LLM_BINDING } }) };
}

function warnAboutKey(warnings: WarningList, key: string, value: unknown): void {
  if (READ_KEYS.includes(key) || KEYS_WITHOUT_EFFECT.has(key) || isEmpty(value) || (SWITCHES.has(key) && value === false)) return;
  warnings.add([key], () => {
    const meant = UNSUPPORTED_KEYS.has(key) ? undefined : nearestKey(key, READ_KEYS);
    return `${plain(key)} is not supported yet and is ignored${meant === undefined ? '' : `; did you mean ${quoted(meant)}?`}`;
  });
}

function warnAboutOthers(warnings: WarningList, path: Path, value: object, known: ReadonlySet<string>): void {
  for (const [key, inner] of Object.entries(value)) {
    if (!known.has(key) && !isEmpty(inner)) warnings.add([...path, key], () => `${plain(key)} in ${path[0] ?? ''} is not supported yet and is ignored`);
  }
}

/** Routes name whole hosts here: `example.com`, `example.com/*`, with or without a scheme. */
function hostnameOf(warnings: WarningList, path: Path, route: z.infer<typeof routeSchema>): string[] {
  if (typeof route !== 'string') warnAboutOthers(warnings, path, route, ROUTE_KEYS);
  const pattern = typeof route === 'string' ? route : route.pattern;
  const [, host = '', rest = ''] = /^(?:https?:\/\/)?([^/]*)(.*)$/s.exec(pattern) ?? [];
  const canonical = rest === '' || rest === '/*' ? canonicalHost(host) : undefined;
  if (canonical !== undefined) return [canonical];
  warnings.add(path, () => `Route ${quoted(pattern)} is not supported yet and is ignored; only whole hosts such as "example.com/*" are routed`);
  return [];
}

function moduleRule(warnings: WarningList, path: Path, rule: z.infer<typeof ruleSchema>): ModuleRule[] {
  warnAboutOthers(warnings, path, rule, RULE_KEYS);
  const type = RULE_TYPES.find((known) => known === rule.type);
  if (type !== undefined) return [{ type, globs: rule.globs }];
  warnings.add(path, () => `Rule type ${quoted(rule.type)} is not supported yet and is ignored; supported are ${RULE_TYPES.join(', ')}`);
  return [];
}

function plain(key: string): string {
  return /^[\w$-]{1,64}$/.test(key) ? key : quoted(key);
}

/** The document's data is JSON, which the schema's loose keys no longer say. */
function isEmpty(value: unknown): boolean {
  return isVacuous(value as Json | undefined);
}
