import type { AgentManifest } from '../../protocol/agent/manifest.ts';
import { settleGrant } from '../grant.ts';
import { LiveReplies } from './live-replies.ts';
import type { RunEnvironment } from './run-environment.ts';

/** Replies from the world, as far as the manifest and the operator let the agent reach into it. */
export function liveReplies(manifest: AgentManifest, { operator, handlers, nowNs, monotonicMs, signal, mask, watcher, decisions }: RunEnvironment): LiveReplies {
  return new LiveReplies({
    handlers,
    grant: settleGrant(manifest, operator),
    nowNs,
    decisions,
    monotonicMs,
    signal,
    mask: (bytes) => mask.bytes(bytes),
    onDenied: (denial) => watcher.denied(denial),
    onNote: (text) => watcher.log('warn', mask.text(text)),
  });
}
