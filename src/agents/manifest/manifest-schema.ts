/** A `.nano` manifest as it is written: docs/agent-manifest.md. */
import { z } from 'zod';
import { parseGlob } from '../../policy/agent-globs.ts';
import { isSecretTemplate, mentionsSecret } from '../../policy/agent-secrets.ts';
import { TOOL_NAMES, toolsNamed } from '../../policy/agent-tools.ts';
import { AGENT_BUDGETS_MAX, AGENT_LIMITS, PAGE_BYTES } from '../../protocol/agent-limits.ts';
import { quoted } from '../../protocol/documents/config-document.ts';
import { nearestKey } from '../../protocol/documents/nearest-key.ts';
import { canonicalHostPattern } from '../../protocol/hostname.ts';
import { countSchema, durationSchema, sizeSchema } from './written-units.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/;
const NAME_RULE = 'must be 1 to 64 letters, digits, spaces and . _ -, the first a letter or digit';
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Text that is used as it stands: a reference to a secret in it would not be expanded, and not be noticed. */
const text = z
  .string()
  .min(1, 'must not be empty')
  .max(4_096, 'must have at most 4096 characters')
  .refine((value) => !value.includes('\0'), 'must not contain NUL')
  .refine((value) => !mentionsSecret(value), 'must not contain ${…}: secrets are put in only in api_key, headers and env');

/** Text for the agent, which may speak of anything. */
const prose = z.string().max(AGENT_LIMITS.goalCharactersMax, `must have at most ${AGENT_LIMITS.goalCharactersMax} characters`);

const secretText = z
  .string()
  .min(1, 'must not be empty')
  .max(16_384, 'must have at most 16384 characters')
  .refine(isSecretTemplate, 'must name secrets as ${NAME}, in letters, digits and _');

const name = text.regex(NAME, NAME_RULE);
const httpUrl = text.refine(isHttpUrl, 'must be an http or https URL without a user name and password');
const hostPattern = text.transform((written, context) => {
  const pattern = canonicalHostPattern(written);
  if (pattern !== undefined) return pattern;
  context.addIssue({ code: 'custom', message: 'must be a host name, or "*." and a host name, without scheme, port and path' });
  return z.NEVER;
});

const glob = z.string().superRefine((written, context) => {
  try {
    parseGlob(written.startsWith('!') ? written.slice(1) : written);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
});

const toolNames = list(
  z.string().superRefine((written, context) => {
    if (toolsNamed(written) !== undefined) return;
    const nearest = nearestKey(written, TOOL_NAMES);
    const hint = nearest === undefined ? `tools are ${TOOL_NAMES.join(', ')}` : `did you mean ${quoted(nearest)}?`;
    context.addIssue({ code: 'custom', message: `names no tool: ${quoted(written)}; ${hint}` });
  }),
).transform((names) => [...new Set(names.flatMap((written) => toolsNamed(written) ?? []))]);

const model = z.strictObject({
  provider: z.enum(['local', 'ollama', 'openai']),
  model_name: text.optional(),
  path: text.optional(),
  embedding_model: text.optional(),
  context_window: z.int().min(1).max(16_777_216).optional(),
  api_url: httpUrl.optional(),
  api_key: secretText.optional(),
});

const resources = z.strictObject({
  memory: sizeSchema(AGENT_BUDGETS_MAX.memoryBytesMax, PAGE_BYTES).optional(),
  max_steps: z.int().min(1).max(AGENT_BUDGETS_MAX.stepsMax).optional(),
  fuel: countSchema(AGENT_BUDGETS_MAX.fuelMax).optional(),
  fuel_per_resume: countSchema(AGENT_BUDGETS_MAX.fuelPerResumeMax).optional(),
  wall: durationSchema(AGENT_BUDGETS_MAX.wallMsMax).optional(),
  tokens: countSchema(BigInt(AGENT_BUDGETS_MAX.tokensMax)).optional(),
});

const permissions = z.strictObject({
  fs_read: list(glob).optional(),
  fs_write: list(glob).optional(),
  network: z.union([z.boolean(), list(hostPattern)]).optional(),
});

const mcpServer = z
  .strictObject({
    name,
    command: text.optional(),
    args: list(text).optional(),
    env: z.record(z.string().regex(VARIABLE_NAME, 'must be the name of a variable: letters, digits and _'), secretText).optional(),
    url: httpUrl.optional(),
    headers: z.record(z.string().regex(HEADER_NAME, 'must be the name of an HTTP header'), secretText).optional(),
    tools: list(text).optional(),
  })
  .superRefine((server, context) => {
    if ((server.command === undefined) === (server.url === undefined)) context.addIssue({ code: 'custom', message: 'must have either command or url' });
    for (const key of server.url === undefined ? (['headers'] as const) : (['args', 'env'] as const)) {
      if (server[key] !== undefined) context.addIssue({ code: 'custom', path: [key], message: `belongs to servers with ${key === 'headers' ? 'url' : 'command'}` });
    }
  });

const member = z.strictObject({ name, goal: prose.min(1, 'must not be empty'), tools: toolNames.optional() });

export const manifestSchema = z
  .strictObject({
    name,
    model: model.optional(),
    resources: resources.optional(),
    permissions,
    mcp_servers: list(mcpServer).superRefine(namesDiffer).optional(),
    tools: toolNames.optional(),
    approve: toolNames.optional(),
    agents: list(member).superRefine(namesDiffer).optional(),
    shared_memory: name.optional(),
    binary: text.optional(),
    goal: prose.optional(),
  })
  .superRefine((manifest, context) => {
    if (manifest.binary === undefined && (manifest.goal ?? '') === '') context.addIssue({ code: 'custom', message: 'must have a binary (the compiled agent) or a goal (for the built-in agent)' });
  });

export type WrittenManifest = z.infer<typeof manifestSchema>;

function list<T extends z.ZodType>(item: T) {
  return z.array(item).max(AGENT_LIMITS.manifestListMax, `must have at most ${AGENT_LIMITS.manifestListMax} entries`);
}

function namesDiffer(items: readonly { readonly name: string }[], context: z.RefinementCtx): void {
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    if (seen.has(item.name)) context.addIssue({ code: 'custom', path: [index, 'name'], message: `${quoted(item.name)} is given twice` });
    seen.add(item.name);
  }
}

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '' && url.password === '';
}
