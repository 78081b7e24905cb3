/** The runner ends a test file that hangs by a signal, which by itself runs no exit listener. */
export function exitOnSigterm(): void {
  process.once('SIGTERM', () => process.exit(1));
}
