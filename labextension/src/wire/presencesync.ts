import type { IDisposable } from '@lumino/disposable';
import {
  applyAwarenessUpdate,
  type Awareness,
  encodeAwarenessUpdate,
  removeAwarenessStates
} from 'y-protocols/awareness';

import { Pacer } from './pacer.js';
import { withoutEcho } from './presence.js';

/** What presence is told through. */
export interface IPresenceUser {
  /** Whether there is a connection on which presence may be told. */
  mayTell(): boolean;
  tell(payload: Uint8Array): void;
}

/** Tells a room what this client says of itself, and takes in what others say. */
export class PresenceSync implements IDisposable {
  /** @param interval - Between two messages, in milliseconds. */
  constructor(
    private readonly _awareness: Awareness,
    private readonly _user: IPresenceUser,
    interval: number
  ) {
    this._pacer = new Pacer(() => this._tell(), interval);
    _awareness.on('update', this._onUpdate);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The server tells of others. */
  receive(payload: Uint8Array): void {
    applyAwarenessUpdate(this._awareness, withoutEcho(payload, this._awareness.clientID), this);
  }

  /** Tell again, soon. */
  request(): void {
    this._pacer.request();
  }

  /**
   * The connection is lost: nobody else is to be seen here. What the next connection tells of them is news, even if
   * nothing has changed.
   */
  stop(): void {
    this._pacer.cancel();
    const { meta, clientID } = this._awareness;
    const others = [...meta.keys()].filter(client => client !== clientID);
    removeAwarenessStates(this._awareness, others, this);
    others.forEach(client => meta.delete(client));
  }

  dispose(): void {
    this._isDisposed = true;
    this._pacer.dispose();
    this._awareness.off('update', this._onUpdate);
  }

  private readonly _onUpdate = (): void => {
    // The clock also moves when somebody says that we are gone: then we must say that we are here.
    if (this._user.mayTell() && this._ownClock !== this._toldClock) {
      this._pacer.request();
    }
  };

  private get _ownClock(): number | undefined {
    return this._awareness.meta.get(this._awareness.clientID)?.clock;
  }

  private _tell(): void {
    // The presence may end before its pacer does; then there is nothing to tell.
    if (this._user.mayTell() && this._ownClock !== undefined) {
      this._toldClock = this._ownClock;
      this._user.tell(encodeAwarenessUpdate(this._awareness, [this._awareness.clientID]));
    }
  }

  private readonly _pacer: Pacer;
  private _toldClock: number | undefined;
  private _isDisposed = false;
}
