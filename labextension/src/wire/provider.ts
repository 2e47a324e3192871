import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';

import { Agreement } from './agreement.js';
import { Connection, type IConnectionTimes } from './connection.js';
import { Outbox } from './outbox.js';
import { Pacer } from './pacer.js';
import { pack } from './packing.js';
import { PresenceSync } from './presencesync.js';
import {
  build,
  type Capability,
  type IClosing,
  type IHello,
  type IUser,
  type Message,
  parse,
  ProtocolError,
  type Role,
  type RoomEvent,
  VERSION
} from './protocol.js';

/**
 * - `offline`: no connection; a next attempt may be due.
 * - `connecting`: a connection is being made, or the documents are being compared.
 * - `synced`: the document has all that the room has, and every edit is sent as it is made.
 * - `stopped`: the room will not have us; no next attempt unless one is asked for.
 */
export type ProviderState = 'offline' | 'connecting' | 'synced' | 'stopped';

const NEXT_STATES: Readonly<Record<ProviderState, readonly ProviderState[]>> = {
  offline: ['connecting', 'stopped'],
  connecting: ['synced', 'offline', 'stopped'],
  synced: ['offline', 'stopped'],
  stopped: ['connecting', 'offline']
};

/** How long a provider waits for what, in milliseconds. */
export interface IProviderTimes extends IConnectionTimes {
  /** Between two messages with edits: keystrokes within a frame are sent together. */
  edits: number;
  /** Between two messages with presence. */
  presence: number;
  /** After a join, until the server is asked whether the documents are the same. */
  checkJoined: number;
  /** Without any change of the document, until the server is asked so. */
  checkIdle: number;
}

/** The close code of a server that has another epoch. */
const EPOCH_MISMATCH = 4409;

/** The reason for which a document is taken anew that is not the room's, though everything was sent and received. */
export const DIVERGED = 'diverged';

/** A Yjs update that changes nothing: the server acknowledges it, so it asks "are you there?". */
const EMPTY_UPDATE = Uint8Array.of(0, 0);
/** What an update begins with that only deletes. */
const NO_STRUCTS = 0;

/** How a connection ended, and whether the server had said hello on it. */
export interface IProviderClosing extends IClosing {
  wasGreeted: boolean;
}

/**
 * Keeps one document and its presence the same as a room's, over one websocket that speaks `jupyter-collab.v1`.
 *
 * Nothing is sent before the server's hello names the epoch of the document. Local edits are counted until the server
 * acknowledges them as durable; while there is no connection they are kept in the document, and the next comparison
 * of state vectors sends what is missing. The provider neither stores nor shows anything.
 */
export class Provider implements IDisposable {
  constructor(options: Provider.IOptions) {
    this.doc = options.doc;
    this.awareness = options.awareness;
    this._connection = new Connection({ ...options, url: () => options.url(this._epoch) }, this._user);
    this._editPacer = new Pacer(() => this._flushEdits(), options.times?.edits ?? 16);
    this._presence = new PresenceSync(this.awareness, this._teller, options.times?.presence ?? 50);
    this._agreement = new Agreement(this.doc, this._asker, {
      joined: options.times?.checkJoined ?? 1_000,
      idle: options.times?.checkIdle ?? 5_000
    });
    this._mayCheck = options.mayCheck ?? (() => true);
    this.doc.on('update', this._onUpdate);
  }

  readonly doc: Y.Doc;
  readonly awareness: Awareness;

  get state(): ProviderState {
    return this._state;
  }

  /** The epoch of the document; null as long as it is empty and no server named one. */
  get epoch(): string | null {
    return this._epoch;
  }

  /** What the server said first, on the present or the last connection. */
  get hello(): IHello | null {
    return this._hello;
  }

  get role(): Role | null {
    return this._role;
  }

  get capabilities(): ReadonlySet<Capability> {
    return this._capabilities;
  }

  /** How many local edits are not known to be durable. */
  get pending(): number {
    return this._outbox.pending;
  }

  /** The server's words if its store fails, so that edits wait; else null. */
  get notSaved(): string | null {
    return this._notSaved;
  }

  /** How many attempts to connect have failed in a row. */
  get failures(): number {
    return this._connection.failures;
  }

  /** Emitted when state, pending, hello, role or notSaved changes. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The server said something about the room. */
  get event(): ISignal<this, RoomEvent> {
    return this._event;
  }

  /** A connection or an attempt ended, and not because we wanted it. The state changes when all have heard it. */
  get closed(): ISignal<this, IProviderClosing> {
    return this._closed;
  }

  get isDisposed(): boolean {
    return this._connection.isDisposed;
  }

  /** Begin with a document that was kept, instead of an empty one. To be called before `connect`. */
  resume({ epoch, updates, edits }: { epoch: string; updates: readonly Uint8Array[]; edits: number }): void {
    this._epoch = epoch;
    this._hasOwn = true;
    this._outbox.wait(edits);
    Y.transact(this.doc, () => updates.forEach(update => Y.applyUpdate(this.doc, update)), this, false);
    this._changed.emit();
  }

  /** Ask the server for a lease, or let go of it; without a connection there is none. */
  askForLease(key: string, wanted: boolean): void {
    if (this._isGreeted) {
      this._send({ type: 'lease', key, wanted });
    }
  }

  /** Connect now, and again whenever the connection is lost. */
  connect(): void {
    this._connection.connect();
  }

  /** Close the connection, and stay away until `connect` is called. */
  disconnect(): void {
    this._connection.disconnect();
  }

  /** Give up, for this reason. */
  stop(reason: string, message: string): void {
    this._connection.end({ action: 'stop', code: 0, reason, message });
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._connection.dispose();
    this._editPacer.dispose();
    this._presence.dispose();
    this._agreement.dispose();
    this.doc.off('update', this._onUpdate);
    Signal.clearData(this);
  }

  // -- the connection ------------------------------------------------------------------------------------------------

  private readonly _user = {
    onAttempt: (): void => this._become('connecting'),
    onMessage: (data: Uint8Array): void => this._receive(data),
    onSilence: (): boolean => {
      // As long as its store fails, the server acknowledges nothing.
      const isDue = this._notSaved === null;
      if (isDue) {
        this._sendEdits('update', EMPTY_UPDATE, 0);
      }
      return isDue;
    },
    onEnd: (closing: IClosing | null): void => this._onEnd(closing)
  };

  private readonly _asker = {
    mayAsk: (): boolean => this._state === 'synced' && this._outbox.pending === 0 && this._mayCheck(),
    ask: (digest: string): void => this._send({ type: 'check', digest, differs: false }),
    onDiffers: (digest: string): void => {
      this._send({ type: 'check', digest, differs: true });
      this._retake(DIVERGED);
    }
  };

  private readonly _teller = {
    mayTell: (): boolean => this._isGreeted,
    tell: (payload: Uint8Array): void => this._send({ type: 'awareness', payload })
  };

  private _onEnd(closing: IClosing | null): void {
    const wasGreeted = this._isGreeted;
    this._isGreeted = this._hasHeardAll = this._hasToldAll = false;
    this._notSaved = null;
    this._outbox.reconnect();
    this._editPacer.cancel();
    this._agreement.stop();
    this._presence.stop();
    if (closing === null) {
      return this._become('offline');
    }
    const action = closing.action === 'retake' && !this._canRetake(closing) ? 'stop' : closing.action;
    this._closed.emit({ ...closing, action, wasGreeted });
    this._become(action === 'retry' ? 'offline' : 'stopped');
  }

  /** Whether another document would be better received than this one. */
  private _canRetake({ code, reason }: IClosing): boolean {
    return code === EPOCH_MISMATCH ? this._epoch !== null : reason === DIVERGED || this._hasOwn;
  }

  private _become(state: ProviderState): void {
    if (this._state !== state && !NEXT_STATES[this._state].includes(state)) {
      throw new Error(`A provider cannot become ${state} when it is ${this._state}.`);
    }
    this._state = state;
    this._changed.emit();
  }

  // -- what the server says ------------------------------------------------------------------------------------------

  private _receive(data: Uint8Array): void {
    try {
      this._handle(parse(data));
    } catch (error) {
      // What the server says cannot be used, so the document is not what the room is: compare again.
      this._connection.end({ action: 'retry', code: 0, reason: 'malformed', message: '' });
      if (!(error instanceof ProtocolError)) {
        throw error;
      }
    }
  }

  private _handle(message: Message): void {
    if (message.type === 'hello') {
      return this._greet(message.info);
    }
    if (!this._isGreeted) {
      throw new ProtocolError('The server must say hello first.');
    }
    switch (message.type) {
      case 'sync_step1':
        return this._answer(message.stateVector);
      case 'sync_step2':
        Y.applyUpdate(this.doc, message.update, this);
        this._hasHeardAll = true;
        return this._checkSynced();
      case 'update':
        return Y.applyUpdate(this.doc, message.update, this);
      case 'awareness':
        return this._presence.receive(message.payload);
      case 'ack':
        this._outbox.settle(message.count);
        return this._changed.emit();
      case 'rejection':
        return this._reject(message.count, message.reason, message.message);
      case 'event':
        return this._hear(message.info);
      case 'query_awareness':
        return this._presence.request();
    }
  }

  private _greet(hello: IHello): void {
    if (hello.version !== VERSION) {
      return this.stop('unsupported_version', '');
    }
    if (this._epoch !== null && this._epoch !== hello.epoch) {
      return this._retake('epoch_mismatch', '', EPOCH_MISMATCH);
    }
    this._epoch = hello.epoch;
    this._hello = hello;
    this._isGreeted = true;
    this._send({ type: 'sync_step1', stateVector: Y.encodeStateVector(this.doc) });
    this._take(hello.user, hello.role, hello.capabilities);
  }

  private _hear(event: RoomEvent): void {
    if (event.type === 'role' && this._hello) {
      this._take(this._hello.user, event.role, event.capabilities);
    } else if (event.type === 'not_saved' || event.type === 'saved') {
      this._notSaved = event.type === 'saved' ? null : event.message;
      this._changed.emit();
    } else if (event.type === 'check') {
      this._agreement.hear(event.digest, event.agrees);
    }
    this._event.emit(event);
  }

  /** Take a role; edits that may not be sent in it are the user's to decide about. */
  private _take(user: IUser, role: Role, capabilities: readonly Capability[]): void {
    this._role = role;
    this.awareness.setLocalStateField('user', { ...user, role });
    this._capabilities = new Set(capabilities);
    this._hasToldAll &&= this._mayEdit;
    if (!this._mayEdit && this._outbox.unsent > 0) {
      this._retake('permission_denied');
    } else {
      this._changed.emit();
    }
  }

  private _checkSynced(): void {
    if (this._state === 'connecting' && this._hasHeardAll && (this._hasToldAll || !this._mayEdit)) {
      this._connection.succeed();
      this._become('synced');
      if (this._hello?.checks === true) {
        this._agreement.start();
      }
    }
  }

  private _reject(count: number, reason: string, message: string): void {
    if (reason !== 'causal_gap') {
      return this._retake(reason, message);
    }
    // The server sends its state vector again: the answer carries these edits.
    this._outbox.putBack(count);
    this._hasToldAll = false;
  }

  private _retake(reason: string, message = '', code = 0): void {
    this._connection.end({ action: 'retake', code, reason, message });
  }

  // -- what we say ---------------------------------------------------------------------------------------------------

  private get _mayEdit(): boolean {
    return this._capabilities.has('edit');
  }

  private _send(message: Message): void {
    this._connection.send(build(message));
  }

  private readonly _onUpdate = (update: Uint8Array, origin: unknown, _doc: Y.Doc, change: Y.Transaction): void => {
    if (origin === this) {
      return;
    }
    if (this._hello !== null && !this._mayEdit) {
      // Yjs itself takes needless formats out of what others wrote. Nobody here did anything.
      const isTidying = origin === null && update[0] === NO_STRUCTS;
      return this._refuse(change.local && !isTidying);
    }
    this._hasOwn = true;
    const edits = change.local ? 1 : 0;
    if (this._hasToldAll) {
      this._outbox.add({ update, edits });
      this._editPacer.request();
    } else {
      this._outbox.wait(edits);
    }
    this._changed.emit();
  };

  /** An edit that this page may not make is never sent: with one of its own the document is not the room's any more. */
  private _refuse(isOwn: boolean): void {
    if (isOwn && this._state !== 'stopped') {
      this._hasOwn = true;
      this._retake('permission_denied');
    }
  }

  /** Answer the server's state vector with all that it lacks. */
  private _answer(stateVector: Uint8Array): void {
    if (this._mayEdit) {
      this._hasToldAll = true;
      this._sendEdits('sync_step2', Y.encodeStateAsUpdate(this.doc, stateVector), this._outbox.takeAll());
      this._checkSynced();
    }
  }

  private _flushEdits(): void {
    for (const { update, edits } of this._outbox.take(this._hello?.limits.message_bytes ?? Infinity)) {
      this._sendEdits('update', update, edits);
    }
  }

  private _sendEdits(type: 'sync_step2' | 'update', update: Uint8Array, edits: number): void {
    const packed = pack(type, update, this._hello);
    if (typeof packed === 'string') {
      this._outbox.sent(edits);
      return this._retake(packed);
    }
    const { head, messages } = packed;
    if (head !== null) {
      this._connection.send(head);
    }
    messages.forEach((data, index) => {
      // The edits are durable when the last piece is.
      this._outbox.sent(index === messages.length - 1 ? edits : 0);
      this._connection.send(data);
    });
  }

  private readonly _connection: Connection;
  private readonly _outbox = new Outbox();
  private readonly _editPacer: Pacer;
  private readonly _presence: PresenceSync;
  private readonly _agreement: Agreement;
  private readonly _mayCheck: () => boolean;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _event = new Signal<this, RoomEvent>(this);
  private readonly _closed = new Signal<this, IProviderClosing>(this);
  private _state: ProviderState = 'offline';
  private _epoch: string | null = null;
  private _hello: IHello | null = null;
  private _role: Role | null = null;
  private _capabilities: ReadonlySet<Capability> = new Set();
  private _notSaved: string | null = null;

  /** Whether there is more in the document than what the server sent to this provider. */
  private _hasOwn = false;
  /** Whether hello has come on this connection. */
  private _isGreeted = false;
  /** Whether the server's step 2 has come: the document has all that the room has. */
  private _hasHeardAll = false;
  /** Whether our step 2 is sent: the room is told all that the document has. */
  private _hasToldAll = false;
}

export namespace Provider {
  export interface IOptions {
    /** The address of the room, for a document of `epoch` (null: of none). */
    url: (epoch: string | null) => string;
    WebSocket: typeof WebSocket;
    /** The document, empty. */
    doc: Y.Doc;
    awareness: Awareness;
    /** What says `online` and `offline`: the window. */
    network?: EventTarget | null;
    times?: Partial<IProviderTimes>;
    /** Whether the server may be asked now whether the documents are the same. */
    mayCheck?: () => boolean;
  }
}
