/** An agent in AssemblyScript: it reads notes.txt, logs what it finds, and writes a summary. Nothing stands between it and the ABI (docs/syscall-abi.md). */

import { syscall } from './nanos';

const LOG: i32 = 1;
const DONE: i32 = 4;
const FS_READ: i32 = 16;
const FS_WRITE: i32 = 17;

const PENDING: i64 = -1;
const RESULT: i32 = 0;

/** The agent's own numbers of its calls: what comes next depends on which of them is answered. */
const READ_NOTES: i32 = 1;
const WRITE_SUMMARY: i32 = 2;

/** What `nanos_start` and `nanos_resume` return. */
const RESTS: i32 = 0;
const FAILED: i32 = 1;

let summary: string = "";

export function nanos_alloc(length: i32): usize {
  return heap.alloc(length);
}

export function nanos_free(pointer: usize): void {
  heap.free(pointer);
}

export function nanos_start(): i32 {
  return call(FS_READ, READ_NOTES, '{"path":"notes.txt"}');
}

export function nanos_resume(id: i32, status: i32, pointer: usize, length: i32): i32 {
  const reply = String.UTF8.decodeUnsafe(pointer, length);
  if (length > 0) heap.free(pointer);
  if (status != RESULT) return fail(reply);
  return id == READ_NOTES ? summarize(reply) : finish();
}

function summarize(notes: string): i32 {
  const lines = notes.trim().split("\n");
  let longest = "";
  for (let i = 0; i < lines.length; i++) {
    if (lines[i].length > longest.length) longest = lines[i];
  }
  summary = `${lines.length} notes, the longest: ${longest}`;
  tell(LOG, `{"level":"info"}\n${summary}`);
  return call(FS_WRITE, WRITE_SUMMARY, `{"path":"summary.txt"}\n${summary}\n`);
}

function finish(): i32 {
  tell(DONE, `{}\n${summary}`);
  return RESTS;
}

function fail(reply: string): i32 {
  tell(LOG, `{"level":"fatal"}\n${reply}`);
  return FAILED;
}

/** A syscall whose reply is wanted: it comes at once, or later by `nanos_resume`, and is treated alike. */
function call(op: i32, id: i32, payload: string): i32 {
  const bytes = String.UTF8.encode(payload);
  const reply = syscall(op, id, changetype<usize>(bytes), bytes.byteLength);
  if (reply == PENDING) return RESTS;
  return nanos_resume(id, RESULT, <usize>(<u64>reply >> 32), <i32>reply);
}

/** A syscall whose reply is not wanted. */
function tell(op: i32, payload: string): void {
  const bytes = String.UTF8.encode(payload);
  syscall(op, 0, changetype<usize>(bytes), bytes.byteLength);
}
