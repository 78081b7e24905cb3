import { AGENT_LIMITS } from '../../../protocol/agent-limits.ts';

/** What one guest of WASI can hold of the host. */
export const WASI_LIMITS = {
  descriptorsMax: 1024,
  /** whole files are held while they are open */
  fileBytesMax: AGENT_LIMITS.fileBytesMax,
  openBytesMax: 4 * AGENT_LIMITS.fileBytesMax,
  /** text without a line feed is logged when it has this length */
  lineBytesMax: 8 * 1024,
  /** buffers of one read or write */
  buffersMax: 1024,
  subscriptionsMax: 4096,
  /** readings of a clock that stands still, after which a syscall lets it go on */
  clockReadingsMax: 1000,
} as const;
