/** The script behind every isolate's first snapshot: web APIs and the boundary, before any tenant code. */
import { forbidCodeFromStrings } from './kernel/code-generation.ts';
import { installFrozenDate } from './kernel/date.ts';
import { installEntry } from './kernel/entry.ts';
import { installFinalizationRegistry } from './kernel/finalization.ts';
import { installServiceWorkerScope } from './kernel/service-worker.ts';
import { installTopLevelRandom } from './kernel/top-level-random.ts';
import { installWebApis } from './webapi/registry.ts';

const scope = globalThis as unknown as Record<string, unknown>;
scope['self'] = globalThis;
installFrozenDate(scope);
installTopLevelRandom(Math);
forbidCodeFromStrings(scope);
installFinalizationRegistry(scope);
installWebApis(scope);
installServiceWorkerScope(scope);
installEntry(scope);
