import type { YNotebook } from '@jupyter/ydoc';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import type { Room } from '../rooms/room.js';
import { setText, TextBridge, TextWatch } from './bridge.js';
import { hashOf, readLink, writeLink, type ILink, type OwnCell } from './metadata.js';
import { merge, reconcile } from './reconcile.js';

/**
 * - `joining`: the room has not been compared with yet; the cell is as it was.
 * - `shared`: every change goes to the room, and comes from there.
 * - `read-only`: changes only come from the room.
 * - `offline`: there is no connection; changes are kept, and merged later.
 * - `elsewhere`: another page that shows the same notebook does it.
 * - `missing`: the room has no such cell any more.
 * - `refused`: the room will not have us.
 */
export type BindingState = 'joining' | 'shared' | 'read-only' | 'offline' | 'elsewhere' | 'missing' | 'refused';

/** Says whether this page is the one that is to keep a cell and the room's the same. */
export interface ITurn extends IDisposable {
  readonly isOurs: boolean;
  readonly changed: ISignal<ITurn, void>;
}

/** How long it takes at most until a notebook that its server saves notes which text is shared. */
const NOTE_MS = 1000;

/** One cell of a notebook of one's own, kept the same as a cell of a room. */
export class Binding implements IDisposable {
  /**
   * @param link - What the cell says of the room.
   * @param _turn - Which page does it; `null` if the notebook belongs to this page alone.
   * @param lastShared - The text that the cell and the room's are known to have had, if it was bound before.
   */
  constructor(
    readonly cell: OwnCell,
    link: ILink,
    readonly room: Room,
    private readonly _turn: ITurn | null,
    lastShared: string | null
  ) {
    this.roomCellId = link.cell;
    this._lastShared = lastShared;
    room.statusChanged.connect(this._update, this);
    room.peopleChanged.connect(this._tell, this);
    room.titleChanged.connect(this._tell, this);
    room.sharedModelChanged.connect(this._onModel, this);
    _turn?.changed.connect(this._update, this);
    void room.ready.then(() => this._update());
    this._onModel();
  }

  /** The id of the room's cell. */
  readonly roomCellId: string;

  get state(): BindingState {
    return this._state;
  }

  /** The room's cell, if the room has it. */
  get roomCell(): OwnCell | null {
    return this.room.sharedModel.cells.find(cell => cell.id === this.roomCellId) ?? null;
  }

  /** The last text that the cell and the room's were known to have both. */
  get lastShared(): string | null {
    return this._bridge?.lastShared ?? this._watch?.lastShared ?? this._lastShared;
  }

  /** The state, what is kept, or what is known of the room is another. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Texts that the cell had and the room did not, without that which both have now. */
  get kept(): readonly string[] {
    const present = this.cell.getSource();
    return (readLink(this.cell)?.kept ?? []).filter(text => text !== present);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Let go of the texts that were kept. */
  dropKept(): void {
    this._rewrite(link => ({ ...link, kept: [] }));
    this._changed.emit();
  }

  /** Notes in the notebook, which is about to be saved, which text both have, if all of it is durable in the room. */
  noteSaved(): void {
    const { kind, pending } = this.room.status;
    if (this._bridge && kind === 'synced' && pending === 0) {
      const base = hashOf(this.cell.getSource());
      this._rewrite(link => ({ ...link, base }));
    }
  }

  /** Puts the cell into the room, which has it no longer. */
  putBack(): void {
    const { room, cell } = this;
    if (this._state === 'missing' && !room.status.readOnly) {
      const { cell_type } = cell;
      room.sharedModel.addCell({ id: this.roomCellId, cell_type, source: cell.getSource(), metadata: {} });
    }
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._unbridge();
    this._model?.changed.disconnect(this._update, this);
    clearTimeout(this._noteTimer);
    this._turn?.dispose();
    Signal.disconnectBetween(this.room, this);
    Signal.clearData(this);
  }

  /** The room's document is another one. */
  private _onModel(): void {
    this._model?.changed.disconnect(this._update, this);
    if (this._model !== null) {
      this._unbridge();
      // What was typed last may be what the room refused: then it is not what both had.
      this._lastShared = null;
      this._isRenewed = true;
    }
    this._model = this.room.sharedModel;
    this._model.changed.connect(this._update, this);
    this._update();
  }

  private _update(): void {
    if (this._isDisposed || this.cell.isDisposed) {
      return;
    }
    const { room, roomCell } = this;
    const mayBridge = room.status.kind !== 'refused' && (this._turn?.isOurs ?? true);
    if (!mayBridge || this._bridge?.room !== roomCell?.ysource) {
      this._unbridge();
    }
    if (mayBridge && this._bridge === null && roomCell !== null) {
      this._meet(roomCell);
    }
    if (!mayBridge && this._watch === null && roomCell !== null) {
      this._watch = new TextWatch(this.cell.ysource, roomCell.ysource, this._lastShared);
    }
    if (this._turn?.isOurs && this._bridge !== null) {
      this._noteSoon();
    }
    const state = this._readState(roomCell !== null);
    if (state !== this._state) {
      this._state = state;
      this._changed.emit();
    }
  }

  private _readState(hasCell: boolean): BindingState {
    const { status } = this.room;
    const isConnected = this._isConnected;
    if (status.kind === 'refused') {
      return 'refused';
    }
    if (!hasCell) {
      return isConnected ? 'missing' : 'joining';
    }
    if (this._turn?.isOurs === false) {
      return isConnected ? 'elsewhere' : 'offline';
    }
    if (this._bridge === null) {
      return 'joining';
    }
    return !isConnected ? 'offline' : status.readOnly ? 'read-only' : 'shared';
  }

  private get _isConnected(): boolean {
    return ['synced', 'saving', 'not-saved'].includes(this.room.status.kind);
  }

  /** Compares the two texts and, if this can be decided now, keeps them the same from then on. */
  private _meet(roomCell: OwnCell): void {
    const [own, shared] = [this.cell.getSource(), roomCell.getSource()];
    const mayPush = !this.room.status.readOnly;
    const decision = reconcile(own, shared, text => this._wasShared(text), mayPush);
    if (decision !== 'same' && !this._isConnected) {
      // What is here of the room may be old.
      return;
    }
    if (decision === 'push') {
      setText(roomCell.ysource, own, this);
    } else if (decision === 'conflict' && mayPush && this._turn !== null && this._lastShared !== null) {
      const merged = merge(this._lastShared, own, shared);
      setText(this.cell.ysource, merged, this);
      setText(roomCell.ysource, merged, this);
    } else if (decision !== 'same') {
      this._take(shared, decision === 'conflict');
    }
    this._isRenewed = false;
    this._bridge = new TextBridge({
      own: this.cell.ysource,
      room: roomCell.ysource,
      mayWriteRoom: () => !this.room.status.readOnly,
      onOwnWritten: () => this._markDirty()
    });
  }

  private _take(shared: string, isConflict: boolean): void {
    const own = this.cell.getSource();
    if (isConflict) {
      this._rewrite(link => ({ ...link, kept: [...new Set(link.kept).add(own)] }));
    }
    setText(this.cell.ysource, shared, this);
    this._markDirty();
    this._changed.emit();
  }

  private _wasShared(text: string): boolean {
    if (this._lastShared === text) {
      return true;
    }
    return !this._isRenewed && readLink(this.cell)?.base === hashOf(text);
  }

  private _unbridge(): void {
    this._lastShared = this.lastShared;
    this._bridge?.dispose();
    this._watch?.dispose();
    this._bridge = this._watch = null;
  }

  /** A notebook that several pages have open is saved by its server, which asks nobody. */
  private _noteSoon(): void {
    this._noteTimer ??= setTimeout(() => {
      this._noteTimer = undefined;
      this.noteSaved();
    }, NOTE_MS);
  }

  /** JupyterLab saves no change that was not typed here, unless it is told that there is one. */
  private _markDirty(): void {
    const { notebook } = this.cell;
    if (this._turn === null && notebook !== null) {
      (notebook as YNotebook).dirty = true;
    }
  }

  private _rewrite(change: (link: ILink) => ILink): void {
    const link = readLink(this.cell);
    if (link !== null) {
      writeLink(this.cell, change(link));
    }
  }

  private _tell(): void {
    this._changed.emit();
  }

  private _bridge: TextBridge | null = null;
  private _watch: TextWatch | null = null;
  private _noteTimer: ReturnType<typeof setTimeout> | undefined;
  private _model: YNotebook | null = null;
  private _lastShared: string | null;
  private _isRenewed = false;
  private _state: BindingState = 'joining';
  private _isDisposed = false;
  private readonly _changed = new Signal<this, void>(this);
}
