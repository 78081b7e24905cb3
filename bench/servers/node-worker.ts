/** Entry file: a Worker's `fetch` behind node:http, with Node's own implementation of the web API. Its file is the first argument. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';

interface WorkerModule {
  readonly default: { fetch(request: Request): Promise<Response> };
}

const { default: worker } = (await import(pathToFileURL(process.argv[2]!).href)) as WorkerModule;

const server = createServer((request, response) => {
  worker.fetch(new Request(`http://localhost${request.url}`)).then(
    async (answer) => response.end(await answer.text()),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${JSON.stringify({ socket: 'http', port: (server.address() as AddressInfo).port })}\n`));
