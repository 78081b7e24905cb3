/** Which bindings an app gets: what its folder asks for, by the operator's word of the same name. */
import type { AppConfig } from '../protocol/app.ts';
import { faceOf, settleBinding, type AppBinding, type AppBindings, type BindingFace } from '../protocol/bindings/binding-kinds.ts';
import type { TokenCap } from '../protocol/bindings/token-cap.ts';
import type { OperatorPolicy } from '../protocol/operator.ts';

/**
 * All that the app asks for or is granted. What the operator grants is there even when the folder does not ask; what only the folder names is there, too, and refuses every call with the reason.
 */
export function effectiveBindings({ name: app, bindings: requested }: Pick<AppConfig, 'name' | 'bindings'>, operator: OperatorPolicy): AppBindings {
  const granted = operator.tenants.get(app)?.bindings ?? {};
  const names = [...new Set([...Object.keys(requested), ...Object.keys(granted)])];
  const entries = names.map((name): [string, AppBinding] => {
    const request = Object.hasOwn(requested, name) ? requested[name] : undefined;
    const grant = Object.hasOwn(granted, name) ? granted[name] : undefined;
    const type = grant?.type ?? request!.type;
    if (grant === undefined) return [name, { type, refused: `the operator does not grant it: tenants.${app}.bindings.${name} in nanos.yaml` }];
    const settled = settleBinding(request, grant);
    return [name, typeof settled === 'string' ? { type: request?.type ?? type, refused: settled } : settled];
  });
  return Object.fromEntries(entries);
}

export function bindingFaces(bindings: AppBindings): Readonly<Record<string, BindingFace>> {
  return Object.fromEntries(Object.entries(bindings).map(([name, binding]) => [name, faceOf(binding)]));
}

/** One line for each binding that the app asked for and did not get. */
export function deniedBindings(bindings: AppBindings): string[] {
  return Object.entries(bindings).flatMap(([name, binding]) => ('refused' in binding ? [`binding ${name} can't be used: ${binding.refused}`] : []));
}

/** What the operator says of this very app, else of every app. */
export function tokenCapOf(app: string, operator: OperatorPolicy): TokenCap {
  return operator.tenants.get(app)?.tokens ?? operator.tokens;
}
