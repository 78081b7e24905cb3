import { readSections } from '../../sandbox/wasm/binary/sections.ts';

/** Custom sections of a compiled agent: what a person or a debugger wants to know of it. Nothing that decides anything reads them. */
export const AGENT_SECTION = 'nanos.agent';
export const SOURCE_MAP_SECTION = 'nanos.source-map';

/** Content of {@link AGENT_SECTION}, as JSON. */
export interface AgentMetadata {
  readonly name: string;
  readonly version: string | undefined;
  /** version of nanos, whose SDK is in the agent */
  readonly sdk: string;
  /** version of the ABI that the agent was compiled for */
  readonly abi: number;
  /** names that the entry exports */
  readonly exports: readonly string[];
}

/** The text of a custom section; undefined when there is none. Throws module_invalid. */
export function readTextSection(wasm: Uint8Array, name: string): string | undefined {
  const section = readSections(wasm).find((candidate) => candidate.name === name);
  return section === undefined ? undefined : new TextDecoder().decode(wasm.subarray(section.start, section.end));
}
