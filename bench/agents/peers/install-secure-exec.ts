import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { installPeer, peerFolder } from '../../servers/install-peer.ts';

/** The last whose parts are all published: 0.2.21 is another package by its name, and 0.3.3 asks for a core that is not there. */
const VERSION = '0.2.1';

const packageSchema = z.looseObject({ version: z.string() });

export interface SecureExec {
  /** absolute, of the module to import */
  readonly entry: string;
  readonly version: string;
}

/** secure-exec from npm: JavaScript in V8 isolates, in a process of its own beside that of Node.js. Throws when it can't be installed. */
export function installSecureExec(say: (text: string) => void): SecureExec {
  const folder = peerFolder('secure-exec', VERSION);
  const own = join(folder, 'node_modules', 'secure-exec');
  if (!existsSync(join(own, 'package.json'))) installPeer(folder, `secure-exec@${VERSION}`, say);
  const { version } = packageSchema.parse(JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')));
  return { entry: join(own, 'dist', 'index.js'), version };
}
