import type { YNotebook } from '@jupyter/ydoc';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import type { RoomHandle } from '../rooms/manager.js';
import type { Room } from '../rooms/room.js';
import { Binding, type ITurn } from './binding.js';
import { readLink, removeLink, writeLink, type ILink, type OwnCell } from './metadata.js';

/**
 * Keeps those cells of one notebook that say so the same as cells of rooms.
 *
 * It belongs to the notebook's model, not to a view of it: a notebook that is shown twice has one.
 */
export class NotebookBinder implements IDisposable {
  constructor(private readonly _options: NotebookBinder.IOptions) {
    _options.notebook.changed.connect(this._onNotebook, this);
    this.scan();
  }

  get notebook(): YNotebook {
    return this._options.notebook;
  }

  /** The bindings, in no particular order. */
  get bindings(): readonly Binding[] {
    return [...this._bindings.values()];
  }

  /** A binding was made, is gone, or says something else. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  bindingOf(cell: object): Binding | null {
    return this._bindings.get(cell as OwnCell) ?? null;
  }

  /** Binds a cell of the notebook, or binds it to another cell of a room. */
  bind(cell: OwnCell, link: ILink): void {
    this.scan();
    this._drop(cell);
    this._lastShared.delete(keyOf(link));
    writeLink(cell, link);
    this.scan();
  }

  /** Ends the binding of a cell; its text stays. */
  unbind(cell: OwnCell): void {
    removeLink(cell);
    this.scan();
  }

  /** Notes in all cells, before the notebook is saved, which texts they share. */
  noteSaved(): void {
    this._bindings.forEach(binding => binding.noteSaved());
  }

  /** Makes the bindings those that the cells' metadata asks for. It happens by itself soon after every change. */
  scan(): void {
    if (this._isDisposed) {
      return;
    }
    const { cells } = this.notebook;
    this._forgetCopies(cells);
    const wanted = new Map<OwnCell, ILink>();
    for (const cell of cells) {
      this._watch(cell);
      const link = readLink(cell);
      if (link !== null) {
        wanted.set(cell, link);
      }
    }
    for (const [cell, binding] of this._bindings) {
      const link = wanted.get(cell);
      if (link === undefined || link.room !== binding.room.id || link.cell !== binding.roomCellId) {
        this._drop(cell);
      }
    }
    wanted.forEach((link, cell) => this._bindings.has(cell) || this._make(cell, link));
    this._leaveRooms();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    [...this._bindings.keys()].forEach(cell => this._drop(cell));
    this._leaveRooms();
    Signal.clearData(this);
  }

  private _make(cell: OwnCell, link: ILink): void {
    const room = this._join(link.room);
    const turn = this._options.takeTurns?.(room, this.notebook) ?? null;
    const binding = new Binding(cell, link, room, turn, this._lastShared.get(keyOf(link)) ?? null);
    this._bindings.set(cell, binding);
    binding.changed.connect(this._tell, this);
    this._changed.emit();
  }

  private _drop(cell: OwnCell): void {
    const binding = this._bindings.get(cell);
    if (binding === undefined) {
      return;
    }
    this._bindings.delete(cell);
    if (binding.lastShared !== null) {
      this._lastShared.set(keyOf({ room: binding.room.id, cell: binding.roomCellId }), binding.lastShared);
    }
    binding.dispose();
    this._changed.emit();
  }

  private _join(id: string): Room {
    const handle = this._handles.get(id) ?? this._options.join(id);
    this._handles.set(id, handle);
    return handle.room;
  }

  /** Only now: a cell that is moved is gone for a moment. */
  private _leaveRooms(): void {
    const used = new Set(this.bindings.map(({ room }) => room.id));
    for (const [id, handle] of this._handles) {
      if (!used.has(id)) {
        this._handles.delete(id);
        handle.dispose();
      }
    }
  }

  /** A copy of a bound cell is a cell of its own; whatever was moved, or came back, is bound again. */
  private _forgetCopies(cells: readonly OwnCell[]): void {
    const old = new Set<string>();
    for (const cell of cells) {
      const link = this._fresh.has(cell) ? null : readLink(cell);
      if (link !== null) {
        old.add(keyOf(link));
      }
    }
    for (const cell of this._fresh) {
      const link = cell.isDisposed ? null : readLink(cell);
      if (link !== null && old.has(keyOf(link))) {
        removeLink(cell);
      }
    }
    this._fresh.clear();
  }

  private _watch(cell: OwnCell): void {
    if (!this._watched.has(cell)) {
      this._watched.add(cell);
      cell.metadataChanged.connect(this._scanSoon, this);
      cell.disposed.connect(this._onCellGone, this);
    }
  }

  private _onCellGone(cell: OwnCell): void {
    this._drop(cell);
  }

  private _onNotebook(_: YNotebook, change: { cellsChange?: readonly { insert?: unknown }[] }): void {
    for (const { insert } of change.cellsChange ?? []) {
      if (Array.isArray(insert)) {
        insert.forEach((cell: OwnCell) => this._fresh.add(cell));
      }
    }
    if (change.cellsChange) {
      this._scanSoon();
    }
  }

  /** Not at once: nothing may be written to a document while it tells of a change. */
  private _scanSoon(): void {
    if (!this._isDue) {
      this._isDue = true;
      queueMicrotask(() => {
        this._isDue = false;
        this.scan();
      });
    }
  }

  private _tell(): void {
    this._changed.emit();
  }

  private readonly _bindings = new Map<OwnCell, Binding>();
  private readonly _handles = new Map<string, RoomHandle>();
  private readonly _lastShared = new Map<string, string>();
  private readonly _fresh = new Set<OwnCell>();
  private readonly _watched = new WeakSet<OwnCell>();
  private _isDue = false;
  private _isDisposed = false;
  private readonly _changed = new Signal<this, void>(this);
}

export namespace NotebookBinder {
  export interface IOptions {
    readonly notebook: YNotebook;
    /** Joins a room. */
    readonly join: (room: string) => RoomHandle;
    /** Takes turns with the other pages that have the same notebook open; none where a page has it for itself. */
    readonly takeTurns?: (room: Room, notebook: YNotebook) => ITurn;
  }
}

function keyOf({ room, cell }: ILink): string {
  return `${room}\n${cell}`;
}
