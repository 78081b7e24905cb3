/** A command did its work and reports a failure, which it has described itself: exit status 1, nothing more is printed. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}
