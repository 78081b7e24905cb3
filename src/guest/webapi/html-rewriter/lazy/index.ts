import { HTMLRewriter } from './html-rewriter.ts';

export function loadHtmlRewriter(): { HTMLRewriter: typeof HTMLRewriter } {
  return { HTMLRewriter };
}
