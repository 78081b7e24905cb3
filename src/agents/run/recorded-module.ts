import { NanosError } from '../../protocol/errors.ts';
import type { JournalReader } from '../../recording/journal-reader.ts';
import { METER_VERSION } from '../../sandbox/wasm/meter-module.ts';
import { compileMetered, meterOriginal, type MeteredModule } from '../../sandbox/wasm/metered-module.ts';
import { agentModules } from './agent-modules.ts';
import { AGENT_MODULE_RULES, checkAgentModule } from './agent-module.ts';

/**
 * The module that ran. The one that the recording carries, or the data directory keeps, is as it was given: it is validated and metered here, because in metered code of
 * somebody else's nothing says that it is charged. `keeps`: into the data directory, for a run that goes on there.
 * Throws `not_found`, `module_invalid`, `module_refused`, `recording_unsupported`.
 */
export async function recordedModule(reader: JournalReader, dataDir: string, { keeps }: { readonly keeps: boolean } = { keeps: false }): Promise<MeteredModule> {
  const { module: hash, source, meter } = reader.run.head;
  const cache = agentModules(dataDir);
  const carried = reader.module();
  const fromCache = carried === undefined ? () => cache.byHash(source, AGENT_MODULE_RULES) : () => cache.load(carried, AGENT_MODULE_RULES);
  const module = carried === undefined || keeps ? await fromCache() : await metered(carried);
  if (module?.hash !== hash) throw new NanosError('recording_unsupported', `The run was metered in another way (version ${meter}, here ${METER_VERSION}): replay it with the nanos that recorded it`);
  checkAgentModule(module);
  return module;
}

function metered(original: Uint8Array): Promise<MeteredModule | undefined> {
  return compileMetered(meterOriginal(original, AGENT_MODULE_RULES), AGENT_MODULE_RULES);
}
