/** Entry file of a host without one of its defences. Arguments: the defence, the folder of apps, the operator's file, the data directory. */
import { weaken } from './weaken.ts';

const [defence = '', folder = '', configFile = '', dataDir = ''] = process.argv.slice(2);
const { supervisor, composition } = weaken(defence);
await import(supervisor.href);
const { startHost } = await import('../../../src/host/start-host.ts');
const host = await startHost(
  { folders: [folder], configFile, host: '127.0.0.1', controlPort: 0, appsPort: 0, cells: 1, dataDir, agentsFolder: undefined, dev: false, auth: false, graceMs: 1_000 },
  undefined,
  undefined,
  composition,
);
process.once('SIGTERM', () => void host.close().then(() => process.exit(0)));
