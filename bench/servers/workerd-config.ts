/** Configurations for workerd in Cap'n Proto's text format. */

export const COMPATIBILITY_DATE = '2025-01-01';

export interface StaticWorker {
  readonly name: string;
  /** file of its ES module, relative to the configuration */
  readonly file: string;
  /** gets a listener of its own, which is the fastest way into a Worker */
  readonly listens: boolean;
}

function text(value: string): string {
  return JSON.stringify(value);
}

/** Workers that workerd sets up when it starts. */
export function staticWorkersConfig(workers: readonly StaticWorker[]): string {
  const services = workers.map(({ name, file }) => `(name = ${text(name)}, worker = (modules = [(name = "index.js", esModule = embed ${text(file)})], compatibilityDate = ${text(COMPATIBILITY_DATE)}))`);
  const sockets = workers.filter(({ listens }) => listens).map(({ name }) => socket(name));
  return config(services, sockets);
}

/** One Worker that loads the others when they are first called, from `folder`/NAME/index.js, by the first label of the request's host. */
export function workerLoaderConfig(loaderFile: string, folder: string): string {
  const bindings = '[(name = "LOADER", workerLoader = (id = "apps")), (name = "SOURCES", service = "sources")]';
  const loader = `(name = "http", worker = (modules = [(name = "loader.js", esModule = embed ${text(loaderFile)})], compatibilityDate = ${text(COMPATIBILITY_DATE)}, bindings = ${bindings}))`;
  return config([loader, `(name = "sources", disk = (path = ${text(folder)}))`], [socket('http')]);
}

function socket(service: string): string {
  return `(name = ${text(service)}, address = "127.0.0.1:0", http = (), service = ${text(service)})`;
}

function config(services: readonly string[], sockets: readonly string[]): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    ${services.join(',\n    ')}
  ],
  sockets = [
    ${sockets.join(',\n    ')}
  ]
);
`;
}

/** Source of the Worker of {@link workerLoaderConfig}. */
export const WORKER_LOADER_SOURCE = `
export default {
  fetch(request, env) {
    const name = new URL(request.url).hostname.split('.')[0];
    const worker = env.LOADER.get(name, async () => {
      const source = await (await env.SOURCES.fetch('http://sources/' + name + '/index.js')).text();
      return { compatibilityDate: ${text(COMPATIBILITY_DATE)}, mainModule: 'index.js', modules: { 'index.js': source } };
    });
    return worker.getEntrypoint().fetch(request);
  },
};
`;
