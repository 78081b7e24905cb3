/** What a `.nano` manifest says, once read: units settled, defaults filled in. The written form and its errors are in agents/manifest. */

export const MANIFEST_SUFFIX = '.nano';

export interface ModelRequest {
  readonly provider: 'local' | 'ollama' | 'openai';
  readonly modelName?: string | undefined;
  /** absolute path of a GGUF file */
  readonly path?: string | undefined;
  /** what texts are embedded by, in place of the model itself: a name, or the absolute path of a GGUF file */
  readonly embeddingModel?: string | undefined;
  readonly contextWindow?: number | undefined;
  readonly apiUrl?: string | undefined;
  /** a reference to a secret, never its value */
  readonly apiKey?: SecretReference | undefined;
}

/** Text in which `${NAME}` stands for a secret's value; it is expanded only where it leaves the host. A literal key becomes a reference, too. */
export interface SecretReference {
  readonly template: string;
}

export interface AgentBudgets {
  /** bytes of linear memory, a multiple of 64 KB */
  readonly memoryBytesMax: number;
  readonly stepsMax: number;
  /** charged instructions, over the whole run */
  readonly fuelMax: bigint;
  /** charged instructions from one start or resume until the guest rests */
  readonly fuelPerResumeMax: bigint;
  /** time of the run on the wall, waiting included; a resumed run starts anew */
  readonly wallMsMax: number;
  /** tokens read and written by models */
  readonly tokensMax: number;
}

export interface McpServerRequest {
  readonly name: string;
  readonly command?: string | undefined;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, SecretReference>>;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, SecretReference>>;
  /** undefined: all of the server's */
  readonly tools?: readonly string[] | undefined;
}

export interface FleetMember {
  readonly name: string;
  readonly goal: string;
  readonly tools?: readonly string[] | undefined;
}

export interface AgentManifest {
  readonly name: string;
  /** absolute, symbolic links resolved: what paths and globs are relative to */
  readonly folder: string;
  /** absolute path of the manifest itself, links resolved: no agent may change it */
  readonly file?: string | undefined;
  readonly goal: string;
  /** absolute path of the module; undefined: the built-in agent */
  readonly binary?: string | undefined;
  readonly model?: ModelRequest | undefined;
  readonly budgets: AgentBudgets;
  readonly permissions: {
    /** globs below `folder` */
    readonly fsRead: readonly string[];
    readonly fsWrite: readonly string[];
    /** false: none · true: any public host · hosts, as the egress policy takes them (`example.com`, `*.example.com`) */
    readonly network: boolean | readonly string[];
  };
  readonly mcpServers: readonly McpServerRequest[];
  /** tool names as in the table of syscalls; undefined: every tool, within `permissions` */
  readonly tools?: readonly string[] | undefined;
  /** tools that wait for a person's word */
  readonly approve: readonly string[];
  readonly agents: readonly FleetMember[];
  /** of a memory that all agents have in common that name it; undefined: a memory of its own */
  readonly sharedMemory?: string | undefined;
}
