/** Every limit of the app host, with its unit in its name. Per app: lowered by the app, raised only by the operator. */
import { z } from 'zod';

const positive = z.number().int().positive();

export const appLimitsSchema = z.strictObject({
  /** V8 heap and buffers of the app's isolate */
  memoryMbMax: positive.min(8).max(4096),
  /** real CPU one request may use, over all its awaits, streams and waitUntil */
  cpuMsMax: positive.max(600_000),
  /** real CPU and wall time of the top level */
  startupMsMax: positive.max(60_000),
  /** from the request's arrival to the response's first byte, and from there to its end when the client keeps reading */
  wallMsMax: positive.max(3_600_000),
  /** fetch calls of one request, redirects included, and calls of bindings */
  subrequestsMax: positive.max(10_000),
  requestBodyBytesMax: positive,
  inFlightMax: positive.max(10_000),
  queuedMax: positive.max(100_000),
});

export type AppLimits = z.infer<typeof appLimitsSchema>;
export type AppLimitsRequest = { [K in keyof AppLimits]?: number | undefined };

export const DEFAULT_APP_LIMITS: AppLimits = {
  memoryMbMax: 128,
  cpuMsMax: 50,
  startupMsMax: 1_000,
  wallMsMax: 30_000,
  subrequestsMax: 50,
  requestBodyBytesMax: 100 * 1024 * 1024,
  inFlightMax: 64,
  queuedMax: 256,
};

/** Limits that hold for the whole host, whatever an app or an operator says. */
export const HOST_LIMITS = {
  /** request line and headers of one request to an app */
  headerBytesMax: 64 * 1024,
  headersMax: 500,
  /** a client must have sent its headers by then */
  headersMsMax: 20_000,
  /** a client must make progress with a body, in either direction, within this time */
  bodyIdleMsMax: 30_000,
  keepAliveMsMax: 5_000,
  /** headers of a response that a tenant makes */
  responseHeaderBytesMax: 128 * 1024,
  /** host calls of one isolate under way at once */
  hostCallsMax: 1_024,
  /** streams between one isolate and the host open at once */
  streamsMax: 1_024,
  /** calls of one app's bindings under way, over all cells */
  bindingCallsMax: 64,
  /** a call's argument as JSON */
  bindingArgumentBytesMax: 1024 * 1024,
  /** bytes asked of a tenant's stream before the client has taken what came before */
  streamWindowBytes: 512 * 1024,
  /** apps that call one another for one request from outside */
  serviceDepthMax: 16,
  /** what one app keeps by the Cache API, and all apps of a cell together */
  cacheBytesMax: 16 * 1024 * 1024,
  cachesBytesMax: 256 * 1024 * 1024,
  /** longest wait of a timer before the host looks again */
  timerMsMax: 60_000,
  /** console output of one app */
  logBytesPerSecondMax: 256 * 1024,
  logLineBytesMax: 16 * 1024,
  /** upload to the control plane */
  uploadBytesMax: 100 * 1024 * 1024,
  uploadFilesMax: 20_000,
  /** a tenant's bundle and everything built from it */
  bundleBytesMax: 32 * 1024 * 1024,
  /** build of one app: bundle, evaluate, snapshot, test restore */
  buildMsMax: 60_000,
  builderMemoryMbMax: 1_024,
  /** the least resident memory that a cell can be given */
  cellMemoryBytesMin: 256 * 1024 * 1024,
  /** isolates in one cell, less where Linux allows a process few memory mappings; past that the least recently used idle ones are evicted */
  residentsMax: 5_000,
  /** an isolate without a request for this long is evicted */
  idleMsMax: 15 * 60_000,
  /** a new cell must serve by then */
  cellStartMsMax: 30_000,
  /** a request waits this long for a cell that is not there */
  cellWaitMsMax: 10_000,
  /** an app that cost a cell is held back this long; doubles with every further one, up to the maximum */
  quarantineMsMin: 5_000,
  quarantineMsMax: 10 * 60_000,
  /** heartbeat of a cell; silence this long and it is replaced */
  heartbeatMs: 1_000,
  heartbeatMsMax: 5_000,
  /** versions of a deployed app that are kept for a rollback */
  versionsKeptMax: 5,
} as const;
