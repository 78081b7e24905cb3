/** Every limit of agents, with its unit in its name. A manifest sets the budgets, up to their maxima; the rest holds for every agent. */
import type { AgentBudgets } from './agent/manifest.ts';

const KB = 1024;
const MB = 1024 * KB;
const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;

/** WebAssembly's page */
export const PAGE_BYTES = 64 * KB;

/** What an agent gets whose manifest says nothing. */
export const DEFAULT_AGENT_BUDGETS: AgentBudgets = {
  memoryBytesMax: 256 * MB,
  stepsMax: 200,
  fuelMax: 100_000_000_000n,
  fuelPerResumeMax: 10_000_000_000n,
  wallMsMax: HOUR_MS,
  tokensMax: 1_000_000,
};

/** What a manifest can ask for. */
export const AGENT_BUDGETS_MAX: AgentBudgets = {
  memoryBytesMax: 4096 * MB,
  stepsMax: 1_000_000,
  fuelMax: 1_000_000_000_000_000n,
  fuelPerResumeMax: 1_000_000_000_000_000n,
  wallMsMax: 7 * 24 * HOUR_MS,
  tokensMax: 1_000_000_000,
};

export const AGENT_LIMITS = {
  /** a file that an agent reads or writes at once */
  fileBytesMax: 16 * MB,
  /** entries of a folder that is listed, those that the agent may not see included */
  folderEntriesMax: 10_000,
  /** a path as an agent gives it, UTF-8 */
  pathBytesMax: 4 * KB,
  /** folders on the way to a file */
  pathSegmentsMax: 64,
  /** a response's body, decoded */
  webResponseBytesMax: 16 * MB,
  webRequestBytesMax: 16 * MB,
  webHeadersMax: 200,
  /** requests of one run under way; more wait for their turn, within their own time */
  webRequestsMax: 16,
  /** from the call to the last byte of the response, when the agent says nothing, and at most */
  webMs: 30 * SECOND_MS,
  webMsMax: 600 * SECOND_MS,
  /** calls of models of one run under way; more wait for their turn */
  modelCallsMax: 8,
  /** texts that an agent has embedded at once */
  embeddedTextsMax: 64,
  /** one text that an agent remembers, and how many it has */
  memoryTextBytesMax: 64 * KB,
  memoryTextsMax: 10_000,
  /** numbers of the vector that is kept with such a text, a byte each */
  memoryDimensionsMax: 4_096,
  /** a text waits so long for its vector; after a failure none is asked for for so long */
  memoryEmbedMsMax: 30 * SECOND_MS,
  memoryEmbedPauseMs: 60 * SECOND_MS,
  /** longest wait for a message of another agent */
  fleetReceiveMsMax: 3_600 * SECOND_MS,
  /** of a manifest: entries of one list, and characters of one glob */
  manifestListMax: 256,
  globCharactersMax: 512,
  /** globs that one with braces stands for */
  globAlternativesMax: 64,
  goalCharactersMax: 64 * KB,
} as const;
