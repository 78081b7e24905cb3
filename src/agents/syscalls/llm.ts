/** The family `llm`: text and tool calls from a model. */
import { z } from 'zod';
import type { SyscallHandler } from '../syscall-handler.ts';
import { unconfigured } from './unconfigured.ts';

const REMEDY = "this host has no driver for models; a manifest's model says which one it asks for";

const sampling = {
  maxTokens: z.int().min(1).max(1_048_576).optional(),
  temperature: z.number().min(0).max(2).optional(),
  topP: z.number().gt(0).max(1).optional(),
  seed: z.int().optional(),
  stop: z.array(z.string().min(1)).max(16).optional(),
};

const toolCall = z.strictObject({ id: z.string().optional(), name: z.string(), arguments: z.json() });

const message = z.strictObject({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.string(),
  toolCalls: z.array(toolCall).optional(),
  toolCallId: z.string().optional(),
});

const tool = z.strictObject({ name: z.string().min(1).max(128), description: z.string().optional(), parameters: z.json().optional() });

/** Both may stream: replies of status `chunk`, then the whole as the result. */
const inferArguments = z.strictObject({ ...sampling, stream: z.boolean().optional(), schema: z.json().optional() });

const chatArguments = z.strictObject({
  ...sampling,
  messages: z.array(message).min(1).max(10_000),
  tools: z.array(tool).max(256).optional(),
  schema: z.json().optional(),
  stream: z.boolean().optional(),
});

export const llmSyscalls: readonly SyscallHandler[] = [
  unconfigured({ name: 'llm_infer', arguments: inferArguments, body: 'required' }, REMEDY),
  unconfigured({ name: 'llm_chat', arguments: chatArguments, body: 'none' }, REMEDY),
];
