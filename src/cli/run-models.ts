import { isEmbedded, type OpenModel } from '../agents/syscalls/run-models.ts';
import type { Models } from '../host/models.ts';
import { EMBEDDED_MODEL } from '../llm/embedded-model.ts';
import type { ModelRequest } from '../protocol/agent/manifest.ts';
import type { EgressPolicy } from '../protocol/app.ts';
import type { RunSecrets } from './run-secrets.ts';

export interface RunModelsParts {
  readonly dataDir: string;
  /** of the agent; its model may be behind HTTP, too */
  readonly egress: EgressPolicy;
  readonly secrets: RunSecrets;
  /** says something to the person who started the run */
  note(text: string): void;
}

/** The models of runs on the command line. Nothing is loaded, and no process started, before the first call. */
export function runModels({ dataDir, egress, secrets, note }: RunModelsParts): OpenModel {
  // one for all that the run asks for: its files share a process
  let models: Promise<Models> | undefined;
  return async (request) => {
    if (isEmbedded(request)) note(`nanos: the model is ${EMBEDDED_MODEL.name}. ${EMBEDDED_MODEL.notice}`);
    models ??= import('../host/models.ts').then((module) => new module.Models(dataDir));
    return (await models).forManifest(request, withOwnOllama(request, egress), secrets.expand);
  };
}

/** A manifest that says ollama, and not where, means the one on this machine. */
function withOwnOllama(request: ModelRequest | undefined, egress: EgressPolicy): EgressPolicy {
  if (request?.provider !== 'ollama' || request.apiUrl !== undefined) return egress;
  return { ...egress, privateRanges: [...egress.privateRanges, '127.0.0.1/32'] };
}
