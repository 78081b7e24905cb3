import { isSecretName, literalReference, mentionsSecret } from '../../policy/agent-secrets.ts';
import type { SecretReference } from '../../protocol/agent/manifest.ts';

/** Takes secrets out of a manifest while it is read, and leaves names in their place. */
export class SecretShelf {
  readonly #literals = new Map<string, string>();

  get literals(): ReadonlyMap<string, string> {
    return this.#literals;
  }

  /** `written` is a secret, by itself or through the `${NAME}` in it; `place` says where it stands. A text around a `${NAME}` stays as it is. */
  secret(place: string, written: string): SecretReference {
    if (mentionsSecret(written)) return { template: written };
    const { name, reference } = literalReference(place);
    this.#literals.set(name, written);
    return reference;
  }

  /** Variables or headers: those whose name says so are secrets, the others plain text. */
  settings(place: string, written: Readonly<Record<string, string>>): Record<string, SecretReference> {
    return Object.fromEntries(Object.entries(written).map(([name, value]) => [name, isSecretName(name) ? this.secret(`${place}.${name}`, value) : { template: value }]));
  }
}
