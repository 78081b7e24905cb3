import { closeInheritedFiles } from './close-inherited-files.ts';

/** Standard streams and the channel to the parent. */
const GIVEN_FD_MAX = 3;

/**
 * Answers the parent's messages one by one, for processes that hold nothing worth an orderly end: they go with their parent at once,
 * without the exit handlers that crash after some failures of V8.
 */
export function serveParent<Request, Reply>(answer: (request: Request) => Promise<Reply>): void {
  closeInheritedFiles(GIVEN_FD_MAX);
  let busy = Promise.resolve();
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.on('message', (request: Request) => {
    busy = busy.then(async () => {
      process.send?.(await answer(request));
    });
  });
}
