import type { IDisposable } from '@lumino/disposable';

import { type IClosing, readClosing, SUBPROTOCOL } from './protocol.js';

/** How long a connection waits for what, in milliseconds. */
export interface IConnectionTimes {
  /** For the server's first word. */
  hello: number;
  /** Of silence, until the server is asked whether it is there. */
  silence: number;
  /** For its answer. */
  answer: number;
  /** Before the first new attempt; doubled after each that fails. */
  retry: number;
  /** Before a new attempt, at most. */
  maxRetry: number;
  /** Before a new attempt, at least, when the server said that we are too fast. */
  slowDown: number;
}

export const CONNECTION_TIMES: IConnectionTimes = {
  hello: 15_000,
  silence: 20_000,
  answer: 10_000,
  retry: 300,
  maxRetry: 10_000,
  slowDown: 3_000
};

const TOO_MANY_UPDATES = 4529;

/** `WebSocket.OPEN`. */
const OPEN = 1;

/** Who uses a connection. */
export interface IConnectionUser {
  /** A connection is being made. */
  onAttempt(): void;
  onMessage(data: Uint8Array): void;
  /** Nothing was heard for a while: ask the server something. Says whether its answer is to be insisted on. */
  onSilence(): boolean;
  /** The connection or the attempt ended; `closing` is null if `disconnect` ended it. */
  onEnd(closing: IClosing | null): void;
}

/**
 * A websocket that is wanted: made again, with exponential back-off and jitter, until it is no longer wanted or the
 * server says that it is useless. It is dropped when the browser says that the network is gone or the server is silent.
 */
export class Connection implements IDisposable {
  constructor(options: Connection.IOptions, user: IConnectionUser) {
    this._options = options;
    this._user = user;
    this._times = { ...CONNECTION_TIMES, ...options.times };
    options.network?.addEventListener('online', this._onOnline);
    options.network?.addEventListener('offline', this._onOffline);
  }

  /** How many attempts in a row have failed. */
  get failures(): number {
    return this._failures;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Connect now, and again whenever the connection is lost. */
  connect(): void {
    if (this._isDisposed || this._socket) {
      return;
    }
    this._isWanted = true;
    clearTimeout(this._retryTimer);
    this._open();
  }

  /** Close the connection, and stay away until `connect` is called. */
  disconnect(): void {
    this._isWanted = false;
    clearTimeout(this._retryTimer);
    this._hangUp();
    this._user.onEnd(null);
  }

  /** End the connection as if it had been closed so. */
  end(closing: IClosing): void {
    clearTimeout(this._retryTimer);
    this._hangUp();
    if (closing.action === 'retry') {
      this._failures += 1;
      this._retryTimer = setTimeout(() => this.connect(), this._retryDelay(closing.code));
    } else {
      this._isWanted = false;
    }
    this._user.onEnd(closing);
  }

  /** The connection does what it is for: the next failure is the first again. */
  succeed(): void {
    this._failures = 0;
  }

  /** Send a message, if there is a connection. */
  send(data: Uint8Array<ArrayBuffer>): void {
    if (this._socket?.readyState === OPEN) {
      this._socket.send(data);
    }
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    clearTimeout(this._retryTimer);
    this._hangUp();
    this._options.network?.removeEventListener('online', this._onOnline);
    this._options.network?.removeEventListener('offline', this._onOffline);
  }

  private _open(): void {
    const socket = new this._options.WebSocket(this._options.url(), [SUBPROTOCOL]);
    socket.binaryType = 'arraybuffer';
    socket.onmessage = event => this._receive(event.data);
    socket.onclose = event => this.end(readClosing(event.code, event.reason));
    this._socket = socket;
    this._watch(this._times.hello, this._onNoAnswer);
    this._user.onAttempt();
  }

  private _receive(data: unknown): void {
    this._watch(this._times.silence, this._onSilence);
    this._user.onMessage(data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array());
  }

  private _hangUp(): void {
    clearTimeout(this._watchTimer);
    const socket = this._socket;
    if (socket) {
      this._socket = null;
      socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }

  private _retryDelay(code: number): number {
    const longest = Math.min(this._times.maxRetry, this._times.retry * 2 ** Math.min(this._failures - 1, 16));
    const delay = longest * (0.5 + Math.random() / 2);
    return code === TOO_MANY_UPDATES ? Math.max(delay, this._times.slowDown) : delay;
  }

  private readonly _onOnline = (): void => {
    if (this._isWanted && !this._socket) {
      this._failures = 0;
      this.connect();
    }
  };

  private readonly _onOffline = (): void => {
    if (this._socket) {
      this.end({ action: 'retry', code: 0, reason: 'network_lost', message: '' });
    }
  };

  /** Run `action` unless the server is heard from within `delay` milliseconds. */
  private _watch(delay: number, action: () => void): void {
    clearTimeout(this._watchTimer);
    this._watchTimer = setTimeout(action, delay);
  }

  private readonly _onSilence = (): void => {
    if (this._user.onSilence()) {
      this._watch(this._times.answer, this._onNoAnswer);
    } else {
      this._watch(this._times.silence, this._onSilence);
    }
  };

  private readonly _onNoAnswer = (): void => {
    this.end({ action: 'retry', code: 0, reason: 'no_answer', message: '' });
  };

  private readonly _options: Connection.IOptions;
  private readonly _user: IConnectionUser;
  private readonly _times: IConnectionTimes;
  private _socket: WebSocket | null = null;
  private _isWanted = false;
  private _isDisposed = false;
  private _failures = 0;
  private _retryTimer: ReturnType<typeof setTimeout> | undefined;
  private _watchTimer: ReturnType<typeof setTimeout> | undefined;
}

export namespace Connection {
  export interface IOptions {
    /** The address to connect to, asked for at each attempt. */
    url: () => string;
    WebSocket: typeof WebSocket;
    /** What says `online` and `offline`: the window. */
    network?: EventTarget | null;
    times?: Partial<IConnectionTimes>;
  }
}
