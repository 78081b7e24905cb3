/** Secrets in manifests: names in place of values, which are put in only where they leave the host. */
import type { SecretReference } from '../protocol/agent/manifest.ts';
import { NanosError } from '../protocol/errors.ts';

/** A value that stands in the manifest itself is named after its place; no name of a variable looks like that. */
const LITERAL_PREFIX = 'manifest:';
const REFERENCE = /\$\{([^{}]*)\}/g;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Names of settings whose values are secrets, for what may be either: variables of a process and HTTP headers. */
const SECRET_NAME = /key|token|secret|passw|credential|auth|cookie/i;

/** Values by name: the operator's listed variables, and what a manifest held. undefined: there is none of that name, or it may not be used. */
export type SecretLookup = (name: string) => string | undefined;

export function mentionsSecret(text: string): boolean {
  return text.includes('${');
}

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** Whether every `${` begins a `${NAME}`. */
export function isSecretTemplate(text: string): boolean {
  return !mentionsSecret(text.replaceAll(REFERENCE, (whole, name: string) => (VARIABLE.test(name) ? '' : whole)));
}

/** A reference to the value that stands at `path` of the manifest. */
export function literalReference(path: string): { readonly name: string; readonly reference: SecretReference } {
  const name = `${LITERAL_PREFIX}${path}`;
  return { name, reference: { template: `\${${name}}` } };
}

/** Names that a template needs. */
export function secretNames({ template }: SecretReference): string[] {
  return [...template.matchAll(REFERENCE)].map(([, name = '']) => name);
}

/** Whether the value, or a part of it, stands in the manifest. */
export function isLiteral(reference: SecretReference): boolean {
  return secretNames(reference).some((name) => name.startsWith(LITERAL_PREFIX));
}

/** The text with values put in. Throws `config_invalid` that names the secret which is missing. */
export function expandSecrets({ template }: SecretReference, lookup: SecretLookup): string {
  return template.replaceAll(REFERENCE, (_, name: string) => {
    const value = lookup(name);
    if (value === undefined) throw new NanosError('config_invalid', missing(name));
    return value;
  });
}

/** Looks in `literals` (of readManifest), then among the variables that the operator listed; any other variable is as if it weren't there. */
export function secretLookup(literals: ReadonlyMap<string, string>, listed: readonly string[], environment: Readonly<Record<string, string | undefined>>): SecretLookup {
  return (name) => literals.get(name) ?? (listed.includes(name) ? environment[name] : undefined);
}

function missing(name: string): string {
  if (name.startsWith(LITERAL_PREFIX)) return `The value of ${name.slice(LITERAL_PREFIX.length)} is not recorded; it is read from the manifest, which has changed or is gone`;
  return `Secret ${name} is not available: list it under secrets in the operator's file and set the variable ${name} where the host starts`;
}
