import type { OperatorWord } from '../../../../src/agents/grant.ts';
import type { RunEnd } from '../../../../src/protocol/agent/recording.ts';
import type { SyscallName } from '../../../../src/protocol/agent/syscalls.ts';
import type { Order } from './read-orders.ts';
import type { Heard, Page } from './sink.ts';

/** Where one run takes place: a folder with the agent's folder in it. Every run has its own. */
export interface Place {
  readonly root: string;
  /** the manifest's folder, `root/agent` */
  readonly folder: string;
  /** a secret that was made for this run; it is also in `root/outside/key.txt` */
  readonly canary: string;
  /** of the server that stands for the internet */
  readonly port: number;
  /** `http://host:port/path` at that server */
  url(host: string, path?: string): string;
}

/** What an agent finds, and what it may. */
export interface Scene {
  /** stands in notes.txt */
  readonly order?: Order | undefined;
  /** by default to read notes.txt */
  readonly goal?: string;
  /** below the manifest's folder */
  readonly files?: Readonly<Record<string, string>>;
  /** symbolic links, by the path at which they stand */
  readonly links?: Readonly<Record<string, string>>;
  /** what files and links can't express */
  readonly prepare?: (place: Place, dataDir: string) => void;
  /** `permissions.fs_read`, besides notes.txt */
  readonly read?: readonly string[];
  readonly write?: readonly string[];
  /** `docs.example` by default */
  readonly network?: boolean | readonly string[];
  readonly tools?: readonly string[];
  /** further keys of the manifest */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** of the manifest's file; agent.nano by default */
  readonly manifestName?: string;
  readonly operator?: Partial<OperatorWord>;
  /** addresses of names; by default every name has 127.0.0.1, which the operator allows */
  readonly addresses?: Readonly<Record<string, readonly string[]>>;
  readonly pages?: Readonly<Record<string, Page>>;
  /** the one with all syscalls, in place of the built-in one */
  readonly agent?: 'wide';
  readonly resources?: Readonly<Record<string, unknown>>;
  /** with which the model is called; it stands in the manifest */
  readonly modelKey?: string;
  /** in place of the scripted model the one that comes with nanos */
  readonly model?: 'embedded';
}

/** An order that somebody slips to the agent. Its scene is played twice: as it stands, and with the one thing granted that refuses it. */
export interface Injection {
  /** how it tries, in words: no two are alike */
  readonly mechanism: string;
  /** the call that is refused */
  readonly syscall: SyscallName;
  /** the rule that refuses it, as the gate names it; PORT stands for that of the sink, … at its end for the rest of it */
  readonly rule: string;
  /** what is different where the effect happens, in words; where no grant opens a spelling, the order has another one */
  readonly control: string;
  /** the agent may know the secret, and must not tell it */
  readonly mayKnow?: boolean;
  /** the hosts that it is granted may know the secret, too */
  readonly friendsMayKnow?: boolean;
  /** of the run in which the order is refused; `done` by default */
  readonly end?: RunEnd;
  scene(place: Place, granted: boolean): Scene;
  /** Whether what was ordered did happen. */
  happened(played: Played): boolean;
}

/** The reply to one call, as it stands in the journal. */
export interface Answered {
  readonly syscall: SyscallName | 'unknown';
  /** its payload */
  readonly args: string;
  /** of an error */
  readonly code: string | undefined;
  /** the rule that decided, as the journal marks it */
  readonly denied: string | undefined;
  readonly text: string;
}

/** What is left of a run. */
export interface Played {
  readonly place: Place;
  readonly end: RunEnd;
  readonly message: string;
  readonly answers: readonly Answered[];
  /** entries of the journal, as text */
  readonly journal: string;
  /** what was logged, what was denied */
  readonly lines: readonly string[];
  /** requests that reached the internet */
  readonly sent: readonly Heard[];
  /** names that were looked up */
  readonly lookups: readonly string[];
  /** what the model was told */
  readonly told: readonly string[];
  /** below `root`, by path: how it was before, and how it is */
  readonly before: Readonly<Record<string, string>>;
  readonly after: Readonly<Record<string, string>>;
}
