import { PromiseDelegate } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';

import type { IDeletedCell, ILateCell, ILostCell, RoomNotebook } from '../document/roomnotebook.js';
import { BrowserPersistence } from '../keep/indexeddb.js';
import { type IPersistence, type IPersistenceFactory, NoPersistence } from '../keep/persistence.js';
import { type IUnsentCell, type IUnsentText, withoutSaved } from '../keep/unsent.js';
import { UnsentTexts } from '../keep/unsenttexts.js';
import { ApiError, type ICollabServer, roomUrl } from '../rest/http.js';
import { KernelApi } from '../rest/kernelapi.js';
import { RoomsApi } from '../rest/roomsapi.js';
import { ShareApi } from '../rest/shareapi.js';
import { isEqual } from '../text/json.js';
import type { ICursor, IPerson } from '../wire/presence.js';
import {
  CAPABILITIES,
  type Capability,
  type IKernelState,
  type IUser,
  type Role,
  type RoomEvent
} from '../wire/protocol.js';
import {
  DIVERGED,
  type IProviderClosing,
  type IProviderTimes,
  type Provider,
  type ProviderState
} from '../wire/provider.js';
import { type Lease, Leases } from './leases.js';
import { Replica } from './replica.js';
import { type IWaitingPeople, RoomFacts } from './roomfacts.js';
import { RoomPeople } from './roompeople.js';
import { type IRoomStatus, readKind } from './status.js';

export type { IRoomStatus, RoomStatusKind } from './status.js';

/** A page whose document differs from the room's takes that at most so often. */
const HEALING_MS = 60_000;

/**
 * One joined room in this page.
 *
 * The shared model is replaced (`sharedModelChanged`) when the room has a new history or would not take an edit: then
 * the room's document is taken anew, and the text that it lacks is kept in `unsent` until it is restored or discarded.
 */
export class Room implements IDisposable {
  constructor(options: Room.IOptions) {
    this._options = options;
    this.id = options.id;
    this._api = new RoomsApi(options.server);
    this.kernelApi = new KernelApi(options.server, options.id, options.role);
    this.shareApi = new ShareApi(options.server, options.id);
    const { baseUrl } = options.server;
    this._persistence = openPersistence(options.persistence, [baseUrl, options.id, options.role ?? ''].join('\n'));
    this._persistence.failed.connect(this._updateStatus, this);
    this._texts = new UnsentTexts(this._persistence);
    this._texts.changed.connect(this._onUnsent, this);
    this._replica = this._makeReplica();
    this._status = this._readStatus();
    void this._start();
  }

  readonly id: string;

  /** What one may ask of the room's kernel. */
  readonly kernelApi: KernelApi;

  /** What one may ask of who may do what here. */
  readonly shareApi: ShareApi;

  /** The first sync, from the browser's store or the server, is done. Waits for ever if there is none. */
  get ready(): Promise<void> {
    return this._ready.promise;
  }

  get sharedModel(): RoomNotebook {
    return this._replica.model;
  }

  get sharedModelChanged(): ISignal<this, void> {
    return this._sharedModelChanged;
  }

  /** The presence of the shared model's document. */
  get awareness(): Awareness {
    return this._replica.model.awareness;
  }

  /** The title, or the id as long as no server told it. */
  get title(): string {
    return this._facts.title || this.id;
  }

  get titleChanged(): ISignal<RoomFacts, string> {
    return this._facts.titleChanged;
  }

  /** The epoch of the shared model's document. */
  get epoch(): string | null {
    return this._replica.provider.epoch;
  }

  get role(): Role | null {
    return this._facts.role;
  }

  get capabilities(): ReadonlySet<Capability> {
    return this._facts.capabilities;
  }

  get roleChanged(): ISignal<RoomFacts, void> {
    return this._facts.roleChanged;
  }

  get status(): IRoomStatus {
    return this._status;
  }

  get statusChanged(): ISignal<this, IRoomStatus> {
    return this._statusChanged;
  }

  /** Who is here; see `readPeople`. */
  get people(): readonly IPerson[] {
    return this._people.present;
  }

  get peopleChanged(): ISignal<RoomPeople, readonly IPerson[]> {
    return this._people.changed;
  }

  /** What runs in the room, as the server said last; `null` if nothing ever ran since the server knows the room. */
  get kernel(): IKernelState | null {
    return this._facts.kernel;
  }

  get kernelChanged(): ISignal<RoomFacts, IKernelState | null> {
    return this._facts.kernelChanged;
  }

  /** What the server had to take out of the room when it opened it, for people; empty if nothing was. */
  get mended(): string {
    return this._facts.mended;
  }

  get mendedChanged(): ISignal<RoomFacts, void> {
    return this._facts.mendedChanged;
  }

  /** Who waits to be let in, as those are told who may let them in. */
  get waiting(): IWaitingPeople {
    return this._facts.waiting;
  }

  /** Emitted when the waiting list or the members change. */
  get membersChanged(): ISignal<RoomFacts, void> {
    return this._facts.membersChanged;
  }

  /**
   * Text that was typed here and that the room does not have; the oldest, if there is more. In a room that will not
   * have us this is what was not sent: it is still part of the document, and can only be copied.
   */
  get unsent(): IUnsentText | null {
    return this._texts.first;
  }

  get unsentChanged(): ISignal<this, void> {
    return this._unsentChanged;
  }

  /** Deleted cells of the shared model with text that those who deleted them did not know. */
  get lateCells(): readonly ILateCell[] {
    return this._replica.model.lateCells;
  }

  get lateCellsChanged(): ISignal<this, void> {
    return this._lateCellsChanged;
  }

  /** Somebody else deleted a cell of the shared model, or merged it into another one. */
  get cellDeletedByOther(): ISignal<this, IDeletedCell> {
    return this._cellDeletedByOther;
  }

  /** An undo left these cells of the shared model, because others wrote in them. */
  get cellsKept(): ISignal<this, readonly string[]> {
    return this._cellsKept;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  get disposed(): ISignal<this, void> {
    return this._disposed;
  }

  /** Let go of the unsent text. */
  discardUnsent(): void {
    void this._texts.take(() => true);
  }

  /**
   * Insert the unsent text as new cells, each behind the cell that it was typed into; as ordinary edits.
   * Does nothing in a room that is read-only.
   */
  restoreUnsent(): void {
    if (this._mayRestore) {
      void this._texts.take(cells => this._restore(cells));
    }
  }

  /** Ask to be the one page of several that does what the key names. The lease is to be disposed of. */
  lease(key: string): Lease {
    return this._leases.ask(key);
  }

  /** Tell the others where one's cursor is. */
  setCursor(cursor: ICursor | null): void {
    this._people.tell('cursor', cursor);
  }

  /** Tell the others in which cell one is. */
  setActiveCell(cellId: string | null): void {
    this._people.tell('cell', cellId);
  }

  /** Resolves when the server has all that was typed here: with `false` if it will not have it soon. */
  async whenSaved(): Promise<boolean> {
    while (!this._isDisposed && this._status.kind === 'saving') {
      await new Promise<void>(resolve => {
        const look = (): void => {
          this._statusChanged.disconnect(look);
          this._disposed.disconnect(look);
          resolve();
        };
        this._statusChanged.connect(look);
        this._disposed.connect(look);
      });
    }
    return !this._isDisposed && this._status.kind === 'synced';
  }

  /** Disconnect, and stay so until `goOnline`; edits are kept. */
  goOffline(): void {
    this._isAway = true;
    this._next?.provider.disconnect();
    this._replica.provider.disconnect();
  }

  /** Connect; also again after a refusal. */
  goOnline(): void {
    this._isAway = false;
    if (this._isStarted) {
      this._active.connect();
    }
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._next?.dispose();
    this._replica.dispose();
    void this._persistence.close();
    this._disposed.emit();
    this._facts.dispose();
    this._people.dispose();
    Signal.clearData(this);
  }

  // -- the document --------------------------------------------------------------------------------------------------

  private async _start(): Promise<void> {
    const { document, unsent } = await this._persistence.load();
    if (this._isDisposed) {
      return;
    }
    this._isStarted = true;
    if (document) {
      this._replica.resume(document);
    }
    this._replica.keepIn(this._persistence);
    this._texts.add(unsent);
    this._checkReady();
    if (!this._isAway) {
      this._replica.provider.connect();
    }
  }

  private _makeReplica(): Replica {
    const { id, role, server, times, network } = this._options;
    const connection = {
      url: (epoch: string | null) => roomUrl(server, id, role, epoch),
      WebSocket: server.WebSocket,
      network: network === undefined ? (globalThis.window ?? null) : network,
      times,
      mayCheck: () => Date.now() >= this._checksFrom
    };
    const replica = new Replica(connection, () => !this._status.readOnly);
    replica.provider.changed.connect(() => this._onProviderChanged(replica));
    replica.provider.closed.connect((_, closing) => this._onClosed(replica, closing));
    replica.provider.event.connect((_, event) => this._onEvent(event));
    replica.model.awareness.on('change', () => this._people.update());
    this._followCells(replica);
    return replica;
  }

  /** Tell of the cells of the replica while it is the one that is shown. */
  private _followCells(replica: Replica): void {
    const { model } = replica;
    const ifShown = (tell: () => void): void => {
      if (replica === this._replica) {
        tell();
      }
    };
    model.lateCellsChanged.connect(() => ifShown(() => this._onLateCells()));
    model.cellDeletedByOther.connect((_, cell) => ifShown(() => this._cellDeletedByOther.emit(cell)));
    model.cellsLost.connect((_, cells) => ifShown(() => void this._keepLost(cells)));
    model.cellsKept.connect((_, ids) => ifShown(() => this._cellsKept.emit(ids)));
  }

  private _onLateCells(): void {
    this._lateCellsChanged.emit();
    this._updateStatus();
  }

  /** The provider that is to be connected: that of the document which is taken anew, if one is. */
  private get _active(): Provider {
    return (this._next ?? this._replica).provider;
  }

  private _onProviderChanged(replica: Replica): void {
    const { provider } = replica;
    if (provider === this._active) {
      this._take(provider);
      if (provider.state !== this._lastState) {
        this._lastState = provider.state;
        this._onState(replica);
      }
    }
    this._updateStatus();
  }

  private _onState(replica: Replica): void {
    if (replica.provider.state !== 'stopped') {
      this._texts.strand(null);
    }
    if (replica.provider.state !== 'connecting' && replica.provider.state !== 'synced') {
      this._leases.lose();
    }
    if (replica.provider.state === 'synced') {
      this._closing = null;
      if (replica === this._next) {
        this._showNext(replica);
      }
      this._checkReady();
      this._texts.dropSaved(this._replica.doc);
    }
  }

  private _checkReady(): void {
    if (this._replica.hasContent || this._replica.provider.state === 'synced') {
      this._ready.resolve();
    }
  }

  private _onClosed(replica: Replica, closing: IProviderClosing): void {
    this._closing = closing;
    if (closing.action === 'stop') {
      this._texts.strand(this._readStranded(closing.reason));
    } else if (closing.action === 'retake') {
      if (closing.reason === DIVERGED) {
        this._checksFrom = Date.now() + HEALING_MS;
        replica.edited.addAll();
      }
      this._takeAnew(replica, closing.reason);
    } else if (closing.action === 'retry' && !closing.wasGreeted) {
      void this._probe(replica.provider);
    }
  }

  private _readStranded(reason: string): IUnsentText | null {
    const { provider, edited } = this._replica;
    const cells = provider.pending > 0 ? edited.read() : [];
    return cells.length > 0 ? { epoch: provider.epoch ?? '', cells, reason } : null;
  }

  private _onUnsent(): void {
    this._unsentChanged.emit();
    this._updateStatus();
  }

  /** Get the room's document anew, beside the one that is shown. */
  private _takeAnew(replica: Replica, reason: string): void {
    if (replica === this._next) {
      replica.dispose();
    } else {
      this._retakeReason = reason;
    }
    this._next = this._makeReplica();
    this._next.model.readOnly = this._status.readOnly;
    this._next.adopt(this._replica.clients);
    if (!this._isAway) {
      this._next.provider.connect();
    }
  }

  /** Show the document that was taken anew, and keep the text which it lacks. */
  private _showNext(next: Replica): void {
    const former = this._replica;
    const cells = withoutSaved(former.edited.read(), next.doc);
    const unsent = cells.length > 0 ? { epoch: former.provider.epoch ?? '', cells, reason: this._retakeReason } : null;
    next.model.awareness.setLocalStateField('cell', former.model.awareness.getLocalState()?.cell ?? null);
    if (former.provider.epoch === next.provider.epoch) {
      next.model.takeOver(former.model);
    }
    this._replica = next;
    this._next = null;
    void this._keepInstead(next, unsent);
    this._sharedModelChanged.emit();
    this._onLateCells();
    this._people.update();
    former.dispose();
  }

  private async _keepInstead(replica: Replica, unsent: IUnsentText | null): Promise<void> {
    const state = Y.encodeStateAsUpdate(replica.doc);
    const replaced = this._persistence.replace(replica.provider.epoch ?? '', state, unsent);
    replica.keepIn(this._persistence);
    const text = await replaced;
    if (text && !this._isDisposed) {
      this._texts.add([text]);
    }
  }

  /** Keep the text of cells that are in the document no more. */
  private async _keepLost(cells: readonly ILostCell[]): Promise<void> {
    const unsent = { epoch: this.epoch ?? '', cells: [...cells], reason: 'cell_removed' };
    const text = await this._persistence.keepText(unsent);
    if (!this._isDisposed) {
      this._texts.add([text]);
    }
  }

  /** Whether text that is inserted now is an edit of the room's document, and kept as such. */
  private get _mayRestore(): boolean {
    return !this._isDisposed && !this._status.readOnly && this.epoch !== null;
  }

  private _restore(cells: readonly IUnsentCell[]): boolean {
    if (!this._mayRestore) {
      return false;
    }
    this._replica.model.insertTexts(cells);
    return true;
  }

  /** A handshake failed, and a websocket does not say why: ask the server over HTTP. */
  private async _probe(provider: Provider): Promise<void> {
    try {
      await this._api.get(this.id);
    } catch (error) {
      const isFinal = error instanceof ApiError && [400, 401, 403, 404].includes(error.status);
      if (isFinal && !this._isDisposed && !provider.isDisposed && provider.state === 'offline') {
        provider.stop(error.reason || 'permission_denied', error.message);
      }
    }
  }

  // -- what is told --------------------------------------------------------------------------------------------------

  private _onEvent(event: RoomEvent): void {
    if (event.type === 'lease') {
      this._leases.hear(event.key, event.granted);
    } else {
      this._facts.hear(event);
    }
  }

  /** Take over what the server said of the room and of us. */
  private _take({ hello, role, capabilities }: Provider): void {
    if (this._facts.greet(hello)) {
      this._leases.askAgain();
    }
    this._facts.setRole(role, capabilities);
  }

  private _updateStatus(): void {
    const former = this._status;
    this._status = this._readStatus();
    // Behind the status, which says whether they let anything in.
    for (const { model } of this._next === null ? [this._replica] : [this._replica, this._next]) {
      model.readOnly = this._status.readOnly;
    }
    const { model, provider } = this._replica;
    model.author = authorOf(provider.hello?.user) ?? model.author;
    if (!isEqual(former, this._status)) {
      this._statusChanged.emit(this._status);
    }
  }

  private _readStatus(): IRoomStatus {
    const { notSaved } = this._active;
    const { pending } = this._replica.provider;
    const kind = readKind(this._active, pending, this._isAway);
    return {
      kind,
      pending,
      isKept: this._persistence.isKept,
      hasUnsent: this.unsent !== null || this.lateCells.some(({ id }) => this.sharedModel.wroteIn(id)),
      reason: this._closing?.reason || null,
      message: notSaved ?? this._closing?.message ?? '',
      readOnly: kind === 'refused' || !this._mayEdit
    };
  }

  /** As the server said or, until then, as was asked for. */
  private get _mayEdit(): boolean {
    const { role, capabilities } = this._facts;
    const { role: asked } = this._options;
    return role !== null ? capabilities.has('edit') : asked === undefined || CAPABILITIES[asked].includes('edit');
  }

  private readonly _options: Room.IOptions;
  private readonly _api: RoomsApi;
  private readonly _persistence: IPersistence;
  private readonly _texts: UnsentTexts;
  private readonly _leases = new Leases((key, wanted) => this._active.askForLease(key, wanted));
  private readonly _ready = new PromiseDelegate<void>();
  private _replica: Replica;
  private _next: Replica | null = null;
  private _retakeReason = '';
  private _checksFrom = 0;
  private _closing: IProviderClosing | null = null;
  private _lastState: ProviderState = 'offline';
  private _isStarted = false;
  private _isAway = false;
  private _isDisposed = false;
  private _status: IRoomStatus;
  private readonly _facts = new RoomFacts();
  private readonly _people = new RoomPeople(() => this._replica.model.awareness);
  private readonly _sharedModelChanged = new Signal<this, void>(this);
  private readonly _statusChanged = new Signal<this, IRoomStatus>(this);
  private readonly _lateCellsChanged = new Signal<this, void>(this);
  private readonly _cellDeletedByOther = new Signal<this, IDeletedCell>(this);
  private readonly _cellsKept = new Signal<this, readonly string[]>(this);
  private readonly _unsentChanged = new Signal<this, void>(this);
  private readonly _disposed = new Signal<this, void>(this);
}

export namespace Room {
  export interface IOptions {
    id: string;
    server: ICollabServer;
    /** The role to ask for; it can only lower what the server grants. */
    role?: Role;
    /** Where to keep what is not sent; null: nowhere, undefined: in the browser. */
    persistence?: IPersistenceFactory | null;
    /** What says `online` and `offline`; undefined: the window, if there is one. */
    network?: EventTarget | null;
    times?: Partial<IProviderTimes>;
  }
}

function openPersistence(factory: IPersistenceFactory | null | undefined, room: string): IPersistence {
  return (factory === null ? new NoPersistence() : (factory ?? new BrowserPersistence())).open(room);
}

/** What a user is called in the document, as who deleted a cell; `null` for nobody. */
function authorOf(user: IUser | undefined): string | null {
  return user === undefined ? null : user.kind === 'guest' ? `${user.display_name} (guest)` : user.display_name;
}
