/** Guests in WebAssembly text that are measured. */
import wabt from 'wabt';
import type { SyscallName } from '../../../src/protocol/agent/syscalls.ts';
import { agentModule, GuestText, sys } from '../../../src/agents/run/test-agent.ts';

const toolkit = await wabt();

/** An agent that makes one call `calls` times and takes the reply where it is. */
export function callingGuest(name: SyscallName, args: string, calls: number): Uint8Array {
  const text = new GuestText();
  const call = sys(name, 1, text.place(args));
  return agentModule(text, { start: `(loop $more (drop ${call}) (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${calls}))))`, alloc: '(i32.const 131072)' });
}

const LIVE_GUEST_PAGES = 256;
/** What a live guest writes of its 16 MB. */
export const LIVE_WRITES = {
  quarter: { words: 1024 * 1024, value: 'compressible' },
  compressible: { words: 15 * 256 * 1024, value: 'compressible' },
  random: { words: 15 * 256 * 1024, value: 'random' },
} as const;

const VALUES = {
  /** half of each word is as good as random */
  compressible: '(i32.shr_u (i32.mul (local.get $i) (i32.const -1640531535)) (i32.const 16))',
  /** two rounds of a multiplicative hash */
  random: `(i32.mul (i32.xor ${mixedBits()} (i32.shr_u ${mixedBits()} (i32.const 13))) (i32.const -1028477379))`,
};

function mixedBits(): string {
  return '(i32.mul (i32.xor (local.get $i) (i32.shr_u (local.get $i) (i32.const 7))) (i32.const -2048144777))';
}

/** An agent of 16 MB that has written so much of it, waits, and at each resume changes 64 words here and there. */
export function liveGuest(what: keyof typeof LIVE_WRITES): Uint8Array {
  const { words, value } = LIVE_WRITES[what];
  const text = new GuestText();
  const wait = `(drop ${sys('timer', 1, text.place('{"ms":1}'))})`;
  const at = '(i32.add (i32.const 1048576) (i32.shl (local.get $i) (i32.const 2)))';
  const stride = words / 64;
  const next = (more: number): string => `(br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const ${more}))) (i32.const ${words})))`;
  const start = `(loop $more (i32.store ${at} ${VALUES[value]}) ${next(1)}) ${wait}`;
  const resume = `(local.set $i (i32.rem_u (global.get $turn) (i32.const ${stride}))) (global.set $turn (i32.add (global.get $turn) (i32.const 911)))
    (loop $more (i32.store ${at} (i32.add (i32.load ${at}) (i32.const 1))) ${next(stride)}) ${wait}`;
  return agentModule(text, { start, resume, pages: LIVE_GUEST_PAGES, more: '(global $turn (mut i32) (i32.const 0))' });
}

/** A module whose `run(n)` is plain computing: loads, stores, a checksum, a function called in a loop. */
export function kernelModule(): Uint8Array<ArrayBuffer> {
  const module = toolkit.parseWat('kernel.wat', KERNEL);
  try {
    return new Uint8Array(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

const KERNEL = `(module
  (memory (export "memory") 2)
  (func $mix (param $sum i32) (param $value i32) (result i32)
    (i32.xor (i32.rotl (local.get $sum) (i32.const 5)) (i32.mul (local.get $value) (i32.const -1640531535))))
  (func (export "run") (param $rounds i32) (result i32) (local $i i32) (local $sum i32)
    (loop $round
      (local.set $i (i32.const 0))
      (loop $fill
        (i32.store (local.get $i) (i32.add (i32.load (local.get $i)) (i32.xor (local.get $i) (local.get $rounds))))
        (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 65536))))
      (local.set $i (i32.const 0))
      (loop $read
        (if (i32.and (i32.load (local.get $i)) (i32.const 1))
          (then (local.set $sum (call $mix (local.get $sum) (i32.load (local.get $i)))))
          (else (local.set $sum (i32.add (local.get $sum) (i32.const 1)))))
        (br_if $read (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 65536))))
      (br_if $round (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (local.get $sum)))`;
