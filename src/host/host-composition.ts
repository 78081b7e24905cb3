/**
 * What a host can be put together from instead of its own parts. Only who calls `startHost` in code can pass one: tests do, to take out one defence
 * and show that what it stops gets through, or to reach a ceiling with few apps. No option, file or variable leads here.
 */
export interface HostComposition {
  /** of Node.js, after a child process's own: a later one wins */
  readonly cellFlags?: readonly string[];
  readonly builderFlags?: readonly string[];
  /** a cell that does not serve by then is given up */
  readonly cellStartMsMax?: number;
  /** isolates that a cell may hold */
  readonly residentsMax?: number;
}
