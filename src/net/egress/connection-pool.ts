import { Client } from 'undici';
import type { EgressPolicy } from '../../protocol/app.ts';
import { connect } from './connect.ts';
import type { ConnectAccount, ConnectOptions } from './connect.ts';

/** Idle connections that one pool keeps. */
const IDLE_MAX = 32;
const IDLE_MS = 4_000;
const RESPONSE_HEADER_BYTES_MAX = 128 * 1024;

/** One connection to one origin; carries one exchange at a time. */
export interface Connection {
  readonly client: Client;
  /** it has carried an exchange before, so the server may have closed it meanwhile */
  readonly reused: boolean;
  /** The exchange is complete; the connection may carry another one. */
  release(): void;
  /** Ends the connection, also one that is still being opened. */
  destroy(): void;
}

export interface ConnectionPool {
  /** An idle connection, or a new one that opens with its first exchange, at the expense of `account`; `fresh` asks for a new one. */
  take(origin: URL, fresh: boolean, account: ConnectAccount): Connection;
}

/**
 * The connections of one policy object, and of no other: what was judged under one policy never serves another, nor do two apps ever
 * share a connection, on which one could leave bytes for the other. Every connection stands in `open` as long as it lives.
 */
export function createConnectionPool(policy: EgressPolicy, options: ConnectOptions, open: Set<Connection>): ConnectionPool {
  const idle = new Map<string, PooledConnection[]>();

  function takeIdle(origin: string): PooledConnection | undefined {
    const connection = idle.get(origin)?.pop();
    if (connection !== undefined) connection.reused = true;
    return connection;
  }

  function create(url: URL, account: ConnectAccount): PooledConnection {
    const connection = new PooledConnection(url, policy, options, account, {
      released() {
        const waiting = idle.get(url.origin) ?? [];
        if (waiting.length >= IDLE_MAX) connection.destroy();
        else idle.set(url.origin, [...waiting, connection]);
      },
      destroyed() {
        open.delete(connection);
        const left = idle.get(url.origin)?.filter((other) => other !== connection) ?? [];
        if (left.length > 0) idle.set(url.origin, left);
        else idle.delete(url.origin);
      },
    });
    open.add(connection);
    return connection;
  }

  return {
    take: (url, fresh, account) => (fresh ? undefined : takeIdle(url.origin)) ?? create(url, account),
  };
}

interface Owner {
  released(): void;
  destroyed(): void;
}

class PooledConnection implements Connection {
  readonly client: Client;
  reused = false;
  readonly #cancelOpening = new AbortController();
  readonly #owner: Owner;
  #destroyed = false;

  constructor(url: URL, policy: EgressPolicy, options: ConnectOptions, account: ConnectAccount, owner: Owner) {
    this.#owner = owner;
    const secure = url.protocol === 'https:';
    const target = { secure, hostname: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || (secure ? 443 : 80) };
    this.client = new Client(url.origin, {
      connect: (_target, callback) => {
        connect(target, policy, options, account, this.#cancelOpening.signal).then(
          (socket) => callback(null, socket),
          (error: Error) => callback(error, null),
        );
      },
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
      maxHeaderSize: RESPONSE_HEADER_BYTES_MAX,
      // The caller's signal is the time limit.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.client.on('disconnect', () => this.destroy());
    this.client.on('connectionError', () => this.destroy());
  }

  release(): void {
    if (!this.#destroyed) this.#owner.released();
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#owner.destroyed();
    this.#cancelOpening.abort();
    void this.client.destroy();
  }
}
