/** Every web standard that a guest has: one folder and one line each. Order matters only where a later one builds on an earlier one. */
import { installBase64 } from './base64/index.ts';
import { installCache } from './cache/index.ts';
import { installCompression } from './compression/index.ts';
import { installConsole } from './console/index.ts';
import { installCrypto } from './crypto/index.ts';
import { installDom } from './dom/index.ts';
import { installEncoding } from './encoding/install-encoding.ts';
import { installFetch } from './fetch/index.ts';
import { installFileApi } from './file-api/index.ts';
import { installGlobalEvents } from './global-events/index.ts';
import { installHtmlRewriter } from './html-rewriter/index.ts';
import { installHrTime } from './hr-time/index.ts';
import { installMessageChannel } from './message-channel/index.ts';
import { installNavigator } from './navigator/index.ts';
import { installStreams } from './streams/index.ts';
import { installStructuredClone } from './structured-clone/index.ts';
import { installTimers } from './timers/index.ts';
import { installUrl } from './url/index.ts';
import { installUrlPattern } from './urlpattern/index.ts';
import { installXhr } from './xhr/index.ts';

type Install = (global: Record<string, unknown>) => void;

const standards: readonly Install[] = [
  installDom,
  installEncoding,
  installBase64,
  installUrl,
  installUrlPattern,
  installFileApi,
  installStreams,
  installCompression,
  installXhr,
  installFetch,
  installCache,
  installCrypto,
  installTimers,
  installHrTime,
  installConsole,
  installStructuredClone,
  installMessageChannel,
  installHtmlRewriter,
  installNavigator,
  installGlobalEvents,
];

export function installWebApis(global: Record<string, unknown>): void {
  for (const install of standards) install(global);
}
