/** Process entry: runs tenants' top-level code, in limited isolates or into snapshots. Disposable. */
import ivm from 'isolated-vm';
import { APP_FILENAME, TOP_LEVEL_CHECK } from '../apps/build/app-script.ts';
import { TenantIsolate, type EntryOutcome, type SharedText, type Snapshot } from '../sandbox/isolate/tenant-isolate.ts';
import { warmUpScript } from '../apps/build/warm-up.ts';
import type { EvaluatorRequest, SnapshotReply, SnapshotRequest, TrialReply, TrialRequest } from './evaluation.ts';
import { ownBytes } from './own-bytes.ts';
import { serveParent } from './serve-parent.ts';

const NOTHING = { wasmIndex: -1, handlers: [], codeCache: undefined } as const;
const ATTACH_MS_MAX = 5_000;
const HANDLERS_MS_MAX = 1_000;
/** V8's heap while it compiles a script of the largest size */
const COMPILE_MB_MAX = 1_024;

let api: { readonly snapshot: Snapshot; readonly partTexts: SharedText } | undefined;

serveParent<EvaluatorRequest, TrialReply | SnapshotReply>((request) => (request.type === 'trial' ? tryOut(request) : makeSnapshot(request)));

async function tryOut(request: TrialRequest): Promise<TrialReply> {
  if (request.api !== undefined) api = { snapshot: new ivm.ExternalCopy(ownBytes(request.api.snapshot)), partTexts: new ivm.ExternalCopy(request.api.partTexts) };
  const wasmIndex = request.wasm.findIndex((bytes) => !isValidWasm(bytes));
  if (wasmIndex >= 0) return { ...NOTHING, end: 'wasm', message: 'not a valid WebAssembly module', wasmIndex };
  return new Promise((resolve) => {
    const lost = (message: string): void => resolve({ ...NOTHING, end: 'lost', message });
    runTopLevel(request, lost).then(resolve, (error: unknown) => lost(messageOf(error)));
  });
}

async function runTopLevel(request: TrialRequest, onCatastrophe: (message: string) => void): Promise<TrialReply> {
  if (api === undefined) throw new Error('The first trial of a process brings the API snapshot');
  const { startupMsMax, memoryMbMax } = request;
  const isolate = await TenantIsolate.create({ ...api, memoryMbMax, onCatastrophe });
  try {
    const wasm = request.wasm.map((bytes) => ownBytes(bytes));
    const attached = await isolate.attach(() => undefined, { varsJson: '{}', secretsJson: '{}', bindingsJson: '[]', wasm }, ATTACH_MS_MAX);
    const outcome = attached.end === 'done' ? await evaluate(isolate, request) : attached;
    if (outcome.end !== 'done') return { ...NOTHING, end: outcome.end, message: outcome.message };
    const handlers = await isolate.handlers(Math.max(startupMsMax, HANDLERS_MS_MAX));
    return { ...NOTHING, end: 'done', message: '', handlers, codeCache: request.wantsCodeCache ? codeCache(request.script, api.snapshot) : undefined };
  } finally {
    isolate.dispose();
  }
}

function evaluate(isolate: TenantIsolate, { script, awaits, startupMsMax }: TrialRequest): Promise<EntryOutcome> {
  const program = { source: script, filename: APP_FILENAME, codeCache: undefined, check: awaits ? TOP_LEVEL_CHECK : undefined };
  return isolate.evaluate(program, startupMsMax);
}

/** V8's code cache of the script, made before any of it has run; good only in isolates from the same snapshot. */
function codeCache(script: string, snapshot: Snapshot): Uint8Array | undefined {
  const isolate = new ivm.Isolate({ snapshot, memoryLimit: COMPILE_MB_MAX });
  try {
    const compiled: ivm.Script & ivm.CachedDataResult = isolate.compileScriptSync(script, { filename: APP_FILENAME, produceCachedData: true });
    return compiled.cachedData === undefined ? undefined : new Uint8Array(compiled.cachedData.copy());
  } finally {
    isolate.dispose();
  }
}

async function makeSnapshot({ scripts }: SnapshotRequest): Promise<SnapshotReply> {
  try {
    const snapshot = ivm.Isolate.createSnapshot([...scripts], warmUpScript());
    return { snapshot: new Uint8Array(snapshot.copy()), message: '' };
  } catch (error) {
    return { snapshot: undefined, message: messageOf(error) };
  }
}

function isValidWasm(bytes: Uint8Array): boolean {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: { validate(bytes: Uint8Array): boolean } };
  return WebAssembly.validate(bytes);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : typeof error === 'string' ? error : 'unknown';
}
