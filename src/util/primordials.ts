/**
 * The built-ins that boundary code relies on, captured when this module is evaluated, before any tenant code runs.
 * Calls through these can't be redirected by a tenant that replaces methods on the prototypes.
 */

type Uncurried<F> = F extends (this: infer T, ...args: infer A) => infer R ? (self: T, ...args: A) => R : never;

const { bind, call } = Function.prototype;

/** Turns a method into a plain function whose first argument is `this`. */
export const uncurryThis = bind.bind(call) as <F extends (this: never, ...args: never[]) => unknown>(method: F) => Uncurried<F>;

type StringMethod<A extends unknown[], R> = (this: string, ...args: A) => R;

export const stringCharCodeAt = uncurryThis(String.prototype.charCodeAt as StringMethod<[number], number>);
export const stringSlice = uncurryThis(String.prototype.slice as StringMethod<[number, number?], string>);
export const stringIndexOf = uncurryThis(String.prototype.indexOf as StringMethod<[string, number?], number>);
