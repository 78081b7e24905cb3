import { build, type Metafile, type Plugin } from 'esbuild';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, join, relative, resolve, sep } from 'node:path';
import { bundleApp } from '../../apps/build/bundle-app.ts';
import type { AppConfig } from '../../protocol/app.ts';
import { NanosError } from '../../protocol/errors.ts';
import { placePackages } from './place-packages.ts';
import type { UploadFile } from './upload-file.ts';

const CODE = new Set(['.js', '.mjs', '.cjs', '.jsx', '.ts', '.mts', '.cts', '.tsx', '.json']);
const NODE_MODULES = `${sep}node_modules${sep}`;

interface PackageFiles {
  readonly files: Set<string>;
  readonly uses: Map<string, string>;
}

/**
 * The files of npm packages that an app's bundle reads, with the package.json files that lead to them, below `node_modules/`; wherever
 * they are on this machine. Throws what the build would: `build_failed`, `path_escape`.
 */
export async function moduleFiles(app: AppConfig): Promise<UploadFile[]> {
  const packages = packagesOf(app.folder, await importGraph(app));
  const appUses = packages.get(app.folder)?.uses ?? new Map<string, string>();
  const uses = new Map(Array.from(packages, ([folder, each]) => [folder, each.uses]));
  const uploads: UploadFile[] = [];
  for (const [path, folder] of placePackages(appUses, uses)) {
    for (const source of withPackageJson(folder, packages.get(folder)?.files ?? new Set())) {
      uploads.push({ source, path: `${path}/${relative(folder, source).split(sep).join('/')}` });
    }
  }
  return uploads;
}

/** What imports what, as the build resolves it; no code is run. */
async function importGraph(app: AppConfig): Promise<Metafile['inputs']> {
  try {
    const { metafile } = await build({
      entryPoints: [app.main],
      absWorkingDir: app.folder,
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'browser',
      conditions: ['workerd', 'worker', 'browser'],
      mainFields: ['browser', 'module', 'main'],
      external: ['node:*', 'cloudflare:*'],
      outfile: join(app.folder, 'app.js'),
      logLevel: 'silent',
      plugins: [dataFilesAreEmpty],
    });
    return metafile.inputs;
  } catch (cause) {
    await bundleApp(app);
    throw new NanosError('build_failed', `The imports of ${app.main} can't be followed`, { cause });
  }
}

/** Files that are no code, of whatever kind, only need to be found. */
const dataFilesAreEmpty: Plugin = {
  name: 'data files are empty',
  setup(hooks) {
    hooks.onLoad({ filter: /.*/, namespace: 'file' }, ({ path }) => (CODE.has(extname(path)) ? undefined : { contents: '', loader: 'empty' }));
  },
};

function packagesOf(folder: string, inputs: Metafile['inputs']): Map<string, PackageFiles> {
  const packages = new Map<string, PackageFiles>();
  const packageAt = (root: string): PackageFiles => {
    const found = packages.get(root) ?? { files: new Set(), uses: new Map() };
    packages.set(root, found);
    return found;
  };
  for (const [key, { imports }] of Object.entries(inputs)) {
    const importer = inputFile(folder, key);
    const from = packageRoot(folder, importer);
    packageAt(from).files.add(importer);
    for (const { path, original, external } of imports) {
      if (external === true) continue;
      const target = inputFile(folder, path);
      const to = packageRoot(folder, target);
      if (to !== from) addUse(packageAt(from).uses, packageName({ importer, original, to }), to);
      packageAt(to).files.add(target);
    }
  }
  return packages;
}

/** esbuild marks what a package.json turns off, and keeps what stands behind a question mark. */
function inputFile(folder: string, key: string): string {
  const path = resolve(folder, key.replace(/^\(disabled\):/, ''));
  return existsSync(path) ? path : path.replace(/[?#].*$/, '');
}

/** The app's folder, or the real folder of the npm package that a file belongs to. */
function packageRoot(folder: string, file: string): string {
  const modules = file.lastIndexOf(NODE_MODULES);
  if (modules === -1) return file.startsWith(folder + sep) ? folder : namedFolderAbove(file);
  const start = modules + NODE_MODULES.length;
  const [first = '', second = ''] = file.slice(start).split(sep);
  return file.slice(0, start) + (first.startsWith('@') ? first + sep + second : first);
}

/** A package that is linked into node_modules from a workspace has no node_modules in its real path. */
function namedFolderAbove(file: string): string {
  for (let folder = dirname(file); dirname(folder) !== folder; folder = dirname(folder)) {
    if (nameIn(folder) !== undefined) return folder;
  }
  throw new NanosError('path_escape', `${file} is neither in the app's folder nor in a package`);
}

function nameIn(folder: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return typeof parsed === 'object' && parsed !== null && 'name' in parsed && typeof parsed.name === 'string' ? parsed.name : undefined;
  } catch {
    return undefined;
  }
}

/** The name under which a package is found: the one that is imported, unless an alias (of package.json or tsconfig.json) led to it. */
function packageName({ importer, original = '', to }: { importer: string; original: string | undefined; to: string }): string {
  if (original.startsWith('.') || original.startsWith('/')) {
    throw new NanosError('path_escape', `${original} leads out of the folder that is uploaded. Make it a package, or move it into the folder`, { position: { file: importer } });
  }
  const written = original.split('/', original.startsWith('@') ? 2 : 1).join('/');
  const modules = to.lastIndexOf(NODE_MODULES);
  const own = modules === -1 ? nameIn(to) : to.slice(modules + NODE_MODULES.length).split(sep).join('/');
  return own === undefined || isInstalledAbove(importer, written) ? written : own;
}

function isInstalledAbove(importer: string, name: string): boolean {
  for (let folder = dirname(importer); ; folder = dirname(folder)) {
    if (name !== '' && existsSync(join(folder, 'node_modules', name))) return true;
    if (dirname(folder) === folder) return false;
  }
}

function addUse(uses: Map<string, string>, name: string, folder: string): void {
  const other = uses.get(name);
  if (other !== undefined && other !== folder) {
    throw new NanosError('build_failed', `${name} is imported from two places, ${other} and ${folder}, within one package. Install it once`);
  }
  uses.set(name, folder);
}

/** The files, and each package.json between the package's folder and them: it decides how a file is read and found. */
function withPackageJson(folder: string, files: ReadonlySet<string>): Set<string> {
  const all = new Set<string>();
  for (const file of files) {
    if (existsSync(file)) all.add(file);
    for (let above = dirname(file); above.length >= folder.length; above = dirname(above)) {
      const manifest = join(above, 'package.json');
      if (existsSync(manifest)) all.add(manifest);
    }
  }
  return all;
}
