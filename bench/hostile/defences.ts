/**
 * The defences that hostile programs name, each with the lines that make it: taken out in a host composed for that (run/weakened-host.ts), the
 * program that shows it must get through. A line that is no longer found is an error, so this table stays in step with the sources.
 */

export interface Edit {
  /** whose sources are changed: a process of the host, or the script behind every isolate's snapshot */
  readonly of: 'supervisor' | 'cell' | 'builder' | 'guest';
  /** below `src` */
  readonly file: string;
  /** stands there once */
  readonly from: string;
  readonly to: string;
}

export interface Defence {
  /** name of the program that gets through without it */
  readonly shownBy: string;
  /** how it gets through: one of the escapes that `attack` tells, never seen on a whole host */
  readonly escape: RegExp;
  /** what goes on for so long without it goes on for ever; a whole host, also a busy one, is done with it sooner */
  readonly waitMsMax?: number;
  readonly edits: readonly Edit[];
}

const edit =
  (of: Edit['of']) =>
  (file: string, from: string, to: string): Edit => ({ of, file, from, to });
const cell = edit('cell');
const supervisor = edit('supervisor');
const builder = edit('builder');
const guest = edit('guest');

/** It would come to it too. */
const BLIND_GUARD = cell('host/cell-memory-guard.ts', 'this.#ledger.look(rssBytes, nowMs);', '');

export const DEFENCES: Readonly<Record<string, Defence>> = {
  'cpu-budget': {
    shownBy: 'cpu-loop',
    escape: /^silent/,
    waitMsMax: 10_000,
    edits: [
      cell('sandbox/isolate/cpu-watchdog.ts', 'if (workerCpu.chargeMs(entry) >= entry.budgetMs) entry.stop();', ''),
      cell('sandbox/isolate/tenant-isolate.ts', 'const WALL_PER_CPU = 20;', 'const WALL_PER_CPU = 20_000;'),
      cell('apps/run/app-isolate.ts', 'active.cpuMs <= this.#options.limits.cpuMsMax', 'active.cpuMs >= 0'),
    ],
  },
  'memory-limit': { shownBy: 'memory-leak-over-requests', escape: /MB more/, edits: [cell('sandbox/isolate/tenant-isolate.ts', 'memoryLimit: options.memoryMbMax,', 'memoryLimit: 8_192,')] },
  'wall-limit': { shownBy: 'promise-never-settles', escape: /^silent/, waitMsMax: 10_000, edits: [cell('apps/run/app-runner.ts', 'if (nowMs - sinceMs > wallMsMax) this.#overdue(active);', '')] },
  'thread-loss': {
    shownBy: 'memory-huge-array',
    escape: /^no event cell_replaced/,
    waitMsMax: 20_000,
    edits: [
      cell('sandbox/isolate/tenant-isolate.ts', 'onCatastrophicError: (message) => holder.report(message),', 'onCatastrophicError: () => undefined,'),
      cell('sandbox/isolate/tenant-isolate.ts', 'const STOP_MS_MAX = 2_000;', 'const STOP_MS_MAX = 2_000_000;'),
    ],
  },
  quarantine: { shownBy: 'memory-huge-array-again', escape: /^(?:memory_limit|cpu_limit|app_restarted) at last/, edits: [cell('apps/run/app-runner.ts', 'if (nowMs >= this.#quarantinedUntilMs) return undefined;', 'return undefined;')] },
  'cell-replacement': { shownBy: 'memory-split-abort', escape: /host and victim are as before/, waitMsMax: 15_000, edits: [supervisor('host/cells.ts', 'void this.#forkUntilServing(cell.slot, this.#pauseAfter(cell, apps));', '')] },
  'entry-turns': { shownBy: 'cpu-twenty-hogs', escape: /threads more/, edits: [cell('apps/run/entry-scheduler.ts', 'this.#slots = slots;', 'this.#slots = 100 * slots;')] },
  'attach-once': { shownBy: 'boundary-second-attach', escape: /^(?:escaped|app_threw)/, edits: [guest('guest/kernel/entry.ts', "if (attached) throw new Error('Already attached');", '')] },
  'bare-global': { shownBy: 'boundary-reachable-objects', escape: /^escaped.*\$ivm/, edits: [cell('sandbox/isolate/tenant-isolate.ts', 'const context = await isolate.createContext();', "const context = await isolate.createContext(); await context.global.set('$ivm', ivm);")] },
  'error-text': {
    shownBy: 'boundary-throwing-getters',
    escape: /^app_restarted/,
    edits: [guest('guest/kernel/describe-error.ts', 'try {\n    const value = (object', "if (name !== '') {\n    const value = (object"), guest('guest/kernel/describe-error.ts', 'bounded(value) : otherwise;\n  } catch {\n    return otherwise;\n  }', 'bounded(value) : otherwise;\n  }\n  return otherwise;')],
  },
  'fixed-buffers': { shownBy: 'boundary-shrunk-argument', escape: /^app_threw/, edits: [guest('guest/kernel/fixed-buffer.ts', "throw new TypeError('Not a buffer source');", "throw new TypeError('Not a buffer source');\n  if (view !== undefined) return view as unknown as ArrayBuffer;")] },
  primordials: {
    shownBy: 'prototype-string-methods',
    escape: /^escaped/,
    edits: [guest('util/primordials.ts', 'export const uncurryThis = bind.bind(call) as ', "export const uncurryThis = ((method) => (method.name.startsWith('get ') ? bind.call(call, method) : (self, ...args) => self[method.name](...args))) as unknown as ")],
  },
  'frozen-clock': { shownBy: 'promise-frozen-time', escape: /^escaped/, edits: [guest('guest/main.ts', 'installFrozenDate(scope);', '')] },
  'timer-bound': { shownBy: 'promise-timers', escape: /^(?:escaped|memory_limit)/, edits: [guest('guest/webapi/timers/timer-queue.ts', 'liveTimersMax = 10_000', 'liveTimersMax = 1e9')] },
  'code-from-strings': { shownBy: 'start-up-code-from-strings', escape: /^escaped/, edits: [guest('guest/main.ts', 'forbidCodeFromStrings(scope);', '')] },
  'finalizer-turns': { shownBy: 'cpu-finalizers', escape: /^escaped/, edits: [guest('guest/main.ts', 'installFinalizationRegistry(scope);', '')] },
  'wasm-guard': {
    shownBy: 'wasm-shared-memory',
    escape: /^escaped/,
    edits: [
      guest(
        'guest/kernel/wasm.ts',
        'const { Module, Instance, Memory } = native;',
        'const { Module, Instance, Memory } = native;\n  compile = (bytes) => reflectConstruct(Module as unknown as AnyFunction, [bytes]) as object;\n  if (Instance !== undefined) return;',
      ),
    ],
  },
  'wasm-pages': {
    shownBy: 'wasm-memory-grow',
    escape: /^escaped/,
    edits: [
      supervisor('host/child-flags.ts', 'const WASM_PAGES_MAX = 2048;', 'const WASM_PAGES_MAX = 65_536;'),
      guest('guest/kernel/wasm.ts', "if (maximum === undefined || maximum > most) descriptor['maximum'] = most;", "descriptor['maximum'] = most * 8;"),
    ],
  },
  'wasm-memories': {
    shownBy: 'wasm-many-memories',
    escape: /MB more/,
    edits: [guest('guest/kernel/wasm-memory-budget.ts', 'const PAGES_TOGETHER_PER_MEMORY = 2;', 'const PAGES_TOGETHER_PER_MEMORY = 1e9;'), cell('apps/run/app-isolate.ts', 'this.#checkWasm(charged);', ''), BLIND_GUARD],
  },
  'wasm-count': { shownBy: 'wasm-empty-memories', escape: /^escaped/, edits: [guest('protocol/wasm-memory.ts', 'export const WASM_MEMORIES_MAX = 128;', 'export const WASM_MEMORIES_MAX = 1e9;')] },
  'memory-guard': { shownBy: 'memory-intl-objects', escape: /MB more/, edits: [BLIND_GUARD] },
  'stream-window': { shownBy: 'stream-unread-body', escape: /MB more/, edits: [cell('protocol/limits.ts', 'streamWindowBytes: 512 * 1024,', 'streamWindowBytes: 2 ** 40,')] },
  'open-calls': { shownBy: 'stream-thousands', escape: /^escaped/, edits: [cell('protocol/limits.ts', 'streamsMax: 1_024,', 'streamsMax: 1e9,'), cell('protocol/limits.ts', 'hostCallsMax: 1_024,', 'hostCallsMax: 1e9,')] },
  'call-lanes': { shownBy: 'network-digest-burst', escape: /^escaped/, edits: [guest('guest/kernel/call-lane.ts', 'const UNDER_WAY_MAX = 16;', 'const UNDER_WAY_MAX = 1e9;')] },
  'decoder-errors': { shownBy: 'stream-late-after-the-end', escape: /^(?:cut|app_restarted)/, edits: [cell('apps/host-calls/compression.ts', "coder.on('error', ignore);", '')] },
  'crypto-sizes': { shownBy: 'cpu-key-wrap', escape: /^escaped/, edits: [cell('apps/host-calls/subtle.ts', 'checkLimits(known, checked, parts);', '')] },
  'subrequest-limit': { shownBy: 'network-subrequest-storm', escape: /^escaped/, edits: [cell('apps/run/call-desk.ts', 'if (++request.subrequests > subrequestsMax) throw', 'if (++request.subrequests < 0) throw')] },
  'egress-addresses': { shownBy: 'network-loopback', escape: /^escaped/, edits: [cell('policy/egress.ts', 'if (isGlobalUnicast(address) || inRanges(address, rangesOf(policy))) return ALLOWED;', 'return ALLOWED;')] },
  'outgoing-headers': { shownBy: 'network-smuggled-headers', escape: /^escaped/, edits: [cell('net/egress/outgoing-headers.ts', 'if (isHopByHop(name) || SET_BY_HOST.has(name)) continue;', '')] },
  'incoming-head': { shownBy: 'network-endless-head', escape: /MB more/, edits: [cell('net/egress/connection-pool.ts', 'maxHeaderSize: RESPONSE_HEADER_BYTES_MAX,', 'maxHeaderSize: 2 ** 30,')] },
  'response-head': { shownBy: 'parser-response-head', escape: /^(?:200|cut)/, edits: [cell('server/apps/response-head.ts', 'if (bytes > HOST_LIMITS.responseHeaderBytesMax) throw', 'if (bytes < 0) throw')] },
  'start-up-trial': {
    shownBy: 'start-up-abort',
    escape: /^(?:cut|app_restarted)/,
    edits: [builder('host/app-builder.ts', 'await this.#options.evaluators.trial(request)', "await Promise.resolve({ end: 'done', message: '', wasmIndex: -1, handlers: ['fetch'], codeCache: undefined })")],
  },
  'test-restore': {
    shownBy: 'start-up-frozen-snapshot',
    escape: /^(?:cut|app_restarted)/,
    edits: [builder('host/app-builder.ts', 'const restored = await evaluators.restore(snapshot, limits);\n      const isSame', "const restored = { restored: true, handlers: ['fetch', 'scheduled'] };\n      const isSame")],
  },
  'import-guard': { shownBy: 'start-up-import-neighbour', escape: /^escaped/, edits: [builder('apps/build/may-import.ts', 'if (isBelow(folder, path)) return true;', 'return true;')] },
  'log-rate': { shownBy: 'logs-flood', escape: /KB of log/, edits: [cell('apps/run/log-limiter.ts', 'if (chargedBytes > this.#allowanceBytes) {', 'if (chargedBytes < 0) {')] },
  'one-line-an-event': { shownBy: 'logs-forged-event', escape: /the event forged/, edits: [supervisor('host/log-output.ts', 'write: (line) => destination.write(line),', String.raw`write: (line) => destination.write(line.replaceAll('\\n', '\n').replaceAll('\\"', '"')),`)] },
};
