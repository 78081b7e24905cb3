/** Entry file of the victim's load: a request every few milliseconds, however long those before take; on kept and on fresh connections in turn. */
import { Agent, request, type ClientRequest } from 'node:http';
import { quantile } from '../../measure/quantile.ts';
import type { ToLoad, VictimFigures, VictimTarget } from './load-messages.ts';

const EVERY_MS = 20;
/** Fewer than wait in the host before it refuses more: a victim that waits has not failed. */
const UNDER_WAY_MAX = 250;
const ANSWER_MS_MAX = 20_000;
/** A process that dies cuts all its connections in this time. */
const CUT_MS = 1_000;

const kept = new Agent({ keepAlive: true, maxSockets: 8 });
let underWay = 0;
let sent = 0;
let times: number[] = [];
let failures: string[] = [];
let retried = 0;
let inFlightAtCuts: number[] = [];
let cutMs = -CUT_MS;

function ask(target: VictimTarget, path: string, agent: Agent | false, startedMs: number): void {
  const outgoing: ClientRequest = request({ host: '127.0.0.1', port: target.port, path, agent, headers: { host: target.host }, timeout: ANSWER_MS_MAX });
  let over = false;
  const end = (failure: string | undefined): void => {
    if (over) return;
    over = true;
    underWay--;
    times.push(performance.now() - startedMs);
    if (failure !== undefined) failures.push(failure);
  };
  outgoing.on('error', (error: NodeJS.ErrnoException) => {
    if (over) return;
    noteCut();
    if (outgoing.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')) {
      over = true;
      retried++;
      return ask(target, path, false, startedMs);
    }
    end(error.code ?? error.message);
  });
  outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${ANSWER_MS_MAX} ms`)));
  outgoing.on('response', (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => (text += part));
    response.on('error', (error) => {
      noteCut();
      end(`cut: ${error.message}`);
    });
    response.on('end', () => end(response.statusCode === 200 && text.includes(`"VICTIM","pathname":"${path}"`) ? undefined : `${response.statusCode} ${text.slice(0, 100)}`));
  });
  outgoing.end();
}

function noteCut(): void {
  const nowMs = performance.now();
  if (nowMs - cutMs < CUT_MS) return;
  cutMs = nowMs;
  inFlightAtCuts.push(underWay);
}

function start(target: VictimTarget): void {
  setInterval(() => {
    if (underWay >= UNDER_WAY_MAX) return;
    underWay++;
    sent++;
    ask(target, `/${sent}/of/all`, sent % 2 === 0 ? kept : false, performance.now());
  }, EVERY_MS);
}

function read(): VictimFigures {
  const at = (part: number): number => (times.length === 0 ? 0 : quantile(times, part));
  const figures = { requests: times.length, failures, retried, inFlightAtCuts, p50Ms: at(0.5), p99Ms: at(0.99) };
  times = [];
  failures = [];
  retried = 0;
  inFlightAtCuts = [];
  return figures;
}

process.on('message', (message: ToLoad) => {
  if (message.type === 'start') start(message.target);
  else process.send?.(read());
});
process.on('disconnect', () => process.exit(0));
