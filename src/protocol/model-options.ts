/** What a tenant, an agent or an app, may ask of a model: the ranges that hold for both. */
import { z } from 'zod';

const tool = z.strictObject({ name: z.string().min(1).max(128), description: z.string().optional(), parameters: z.json().optional() });

export const maxTokensSchema = z.int().min(1).max(1_048_576);
export const toolsSchema = z.array(tool).max(256);
export const toolChoiceSchema = z.union([z.enum(['auto', 'none', 'required']), z.strictObject({ name: z.string() })]);

/** Members of an object schema. */
export const SAMPLING_OPTIONS = {
  maxTokens: maxTokensSchema.optional(),
  temperature: z.number().min(0).max(2).optional(),
  topK: z.int().min(1).max(1_000).optional(),
  topP: z.number().gt(0).max(1).optional(),
  seed: z.int().optional(),
  stop: z.array(z.string().min(1)).max(16).optional(),
  /** the answer comes in pieces */
  stream: z.boolean().optional(),
  /** JSON schema of the answer */
  schema: z.json().optional(),
};
