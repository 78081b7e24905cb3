import type { AppDeployment } from '../../protocol/app.ts';
import { SecretMask } from '../../util/secret-mask.ts';

type Secrets = AppDeployment['secrets'];

const masks = new WeakMap<Secrets, SecretMask>();

/** Masks an app's secrets; made when first needed, and once. */
export function maskOf({ secrets }: { readonly secrets: Secrets }): SecretMask {
  let mask = masks.get(secrets);
  if (mask === undefined) masks.set(secrets, (mask = new SecretMask(Object.values(secrets))));
  return mask;
}
