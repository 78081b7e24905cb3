/** The family `memory`: what an agent keeps beyond one run. */
import { z } from 'zod';
import type { SyscallHandler } from '../syscall-handler.ts';
import { unconfigured } from './unconfigured.ts';

const REMEDY = 'this host has no store for what agents remember';

const key = z.string().min(1).max(512);
const storeArguments = z.strictObject({ key });
const recallArguments = z.union([z.strictObject({ key }), z.strictObject({ query: z.string().min(1).max(65_536), limit: z.int().min(1).max(100).optional() })]);

export const memorySyscalls: readonly SyscallHandler[] = [
  unconfigured({ name: 'memory_store', arguments: storeArguments, body: 'required' }, REMEDY),
  unconfigured({ name: 'memory_recall', arguments: recallArguments, body: 'none' }, REMEDY),
];
