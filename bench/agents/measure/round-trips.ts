import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { Worker } from 'node:worker_threads';

const ECHO = `require('node:worker_threads').parentPort.on('message', function (message) { this.postMessage(message); });`;
const SERVER = `const server = require('node:http').createServer((request, response) => { response.end('{}'); });
server.listen(0, '127.0.0.1', () => require('node:worker_threads').parentPort.postMessage(server.address().port));`;

/** Messages of 64 bytes to a worker thread and back, one at a time, in µs; the first tenth is left out. */
export async function threadTripsUs(count: number): Promise<number[]> {
  const worker = new Worker(ECHO, { eval: true });
  try {
    return await tripsUs(count, async () => {
      const answered = once(worker, 'message');
      worker.postMessage(new Uint8Array(64), []);
      await answered;
    });
  } finally {
    await worker.terminate();
  }
}

/** Requests to node:http in another thread over one connection, one at a time, in µs; the first tenth is left out. */
export async function httpTripsUs(count: number): Promise<number[]> {
  const worker = new Worker(SERVER, { eval: true });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const [port] = (await once(worker, 'message')) as [number];
    return await tripsUs(count, () => get(port, agent));
  } finally {
    agent.destroy();
    await worker.terminate();
  }
}

function get(port: number, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, agent }, (response) => response.once('end', resolve).once('error', reject).resume());
    sent.once('error', reject).end();
  });
}

async function tripsUs(count: number, trip: () => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const startedMs = performance.now();
    await trip();
    times.push((performance.now() - startedMs) * 1000);
  }
  return times.slice(Math.floor(count / 10));
}
