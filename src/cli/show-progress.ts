import type { TextSink } from './cli-io.ts';

/** On a terminal, a line that says how much is done, from 0 to 1, and that goes away at 1; elsewhere nothing. */
export function showProgress(label: string, sink: TextSink): (done: number) => void {
  if (sink.isTTY !== true) return () => undefined;
  let shown = -1;
  return (done) => {
    const percent = Math.floor(done * 100);
    if (percent === shown) return;
    shown = percent;
    sink.write(percent >= 100 ? '\r\u001b[K' : `\r${label} ${percent} %`);
  };
}
