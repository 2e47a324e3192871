import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

/** How long what was copied last may take to the other pages before one of them may go on with it. */
const MAKE_WAY_MS = 500;

/** Whether this page is the one, of several that asked, which does what only one may do. */
export class Lease implements IDisposable {
  constructor(private _release: (() => void) | null) {}

  get isOurs(): boolean {
    return this._isOurs;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._release === null;
  }

  /** Take the server's word. */
  set(isOurs: boolean): void {
    if (this._isOurs !== isOurs) {
      this._isOurs = isOurs;
      this._changed.emit();
    }
  }

  dispose(): void {
    const release = this._release;
    this._release = null;
    if (release !== null) {
      this._isOurs = false;
      Signal.clearData(this);
      release();
    }
  }

  private _isOurs = false;
  private readonly _changed = new Signal<this, void>(this);
}

/** The leases that a page asks a room for. A connection that ends loses them all, and the next one asks again. */
export class Leases {
  /**
   * @param _send - Tells the server, if there is a connection, that a lease is wanted, or no longer.
   */
  constructor(private readonly _send: (key: string, wanted: boolean) => void) {}

  ask(key: string): Lease {
    const others = this._leases.get(key) ?? new Set();
    const lease = new Lease(() => this._release(key, lease));
    const [other] = others;
    this._leases.set(key, others.add(lease));
    if (other === undefined) {
      this._send(key, true);
    } else {
      lease.set(other.isOurs);
    }
    return lease;
  }

  /** The server said hello: it knows of none of our wishes. */
  askAgain(): void {
    this.lose();
    [...this._leases.keys()].forEach(key => this._send(key, true));
  }

  /** The connection has ended. */
  lose(): void {
    [...this._leases.keys()].forEach(key => this._set(key, false));
  }

  /** The server said who has the lease; whoever is to make way for another page must say when that may begin. */
  hear(key: string, isOurs: boolean): void {
    if (this._isOurs(key) && !isOurs) {
      setTimeout(() => this._makeWay(key), MAKE_WAY_MS);
    }
    this._set(key, isOurs);
  }

  private _isOurs(key: string): boolean {
    const [lease] = this._leases.get(key) ?? [];
    return lease?.isOurs ?? false;
  }

  private _set(key: string, isOurs: boolean): void {
    [...(this._leases.get(key) ?? [])].forEach(lease => lease.set(isOurs));
  }

  /** Goes to the end of the queue. */
  private _makeWay(key: string): void {
    if (this._leases.has(key) && !this._isOurs(key)) {
      this._send(key, false);
      this._send(key, true);
    }
  }

  private _release(key: string, lease: Lease): void {
    const others = this._leases.get(key);
    others?.delete(lease);
    if (others?.size === 0) {
      this._leases.delete(key);
      this._send(key, false);
    }
  }

  private readonly _leases = new Map<string, Set<Lease>>();
}
