/** What an app may ask of the host through the boundary. One handler a name; the table is put together by the composition root. */
import type { EgressPolicy } from '../../protocol/app.ts';
import type { BindingFace } from '../../protocol/bindings/binding-kinds.ts';
import type { ByteReader } from './guest-streams.ts';

export interface HostCallResult {
  readonly fields: readonly (string | number)[];
  readonly buffers: readonly ArrayBuffer[];
}

export interface HostCallContext {
  readonly app: string;
  readonly egress: EgressPolicy;
  /** of the app, by their names in `env` */
  readonly bindings: Readonly<Record<string, BindingFace>>;
  /** of the request that the call belongs to */
  readonly requestId: string;
  /** how many apps have called one another up to this request */
  readonly depth: number;
  /** Aborts when the guest cancels the call or its request ends. */
  readonly signal: AbortSignal;
  /** Counts one subrequest; throws past the limit. */
  countSubrequest(): void;
  /** Charges host work to the request, in ms of real CPU. */
  chargeCpu(cpuMs: number): void;
  /** Offers a stream to the guest; returns its id. Throws `overloaded`, or the signal's reason, and then cancels it. */
  offerStream(reader: ByteReader): number;
  /** A stream that the guest offers. Throws `overloaded`, or the signal's reason. */
  readStream(streamId: number): ByteReader;
}

/** Throws TypeError, RangeError or DOMException as the guest shall see them. Arguments are the guest's: unchecked. */
export type HostCall = (context: HostCallContext, name: string, fields: readonly string[], buffers: readonly ArrayBuffer[]) => Promise<HostCallResult>;

/** By name, or by the part before the first dot. */
export type HostCallTable = ReadonlyMap<string, HostCall>;

export function findHostCall(table: HostCallTable, name: string): HostCall | undefined {
  return table.get(name) ?? table.get(name.split('.', 1)[0]!);
}
