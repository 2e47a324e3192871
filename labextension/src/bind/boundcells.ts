import type { Cell } from '@jupyterlab/cells';
import type { Notebook } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import type { Room } from '../rooms/room.js';
import { Badge } from './badge.js';
import type { NotebookBinder } from './binder.js';
import type { Binding } from './binding.js';
import { renderAgain } from './sharedtexts.js';

/** The class of the widgets of bound cells. */
export const SHARED_CLASS = 'jc-shared';

/** Shows, in one view of a notebook, which cells are bound and how they are. */
export class BoundCellsView implements IDisposable {
  /**
   * @param _openRoom - Shows a room.
   */
  constructor(
    private readonly _notebook: Notebook,
    private readonly _binder: NotebookBinder,
    private readonly _openRoom: (room: string) => void,
    private readonly _trans: TranslationBundle
  ) {
    _binder.changed.connect(this._refreshSoon, this);
    _notebook.modelContentChanged.connect(this._refreshSoon, this);
    _notebook.activeCellChanged.connect(this._tellPlace, this);
    _notebook.disposed.connect(this.dispose, this);
    this._refreshSoon();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._setPlace(null);
      this._binder.changed.disconnect(this._refreshSoon, this);
      Signal.disconnectReceiver(this);
    }
  }

  private _refreshSoon(): void {
    if (!this._isDue) {
      this._isDue = true;
      queueMicrotask(() => {
        this._isDue = false;
        if (!this._isDisposed) {
          this._notebook.widgets.forEach(cell => this._refresh(cell));
          this._tellPlace();
        }
      });
    }
  }

  private _refresh(cell: Cell): void {
    const binding = this._binder.bindingOf(cell.model.sharedModel);
    const shown = this._shown.get(cell);
    if (shown && shown.binding !== binding) {
      shown.badge.node.remove();
      this._shown.delete(cell);
    }
    if (cell.hasClass(SHARED_CLASS) !== (binding !== null)) {
      cell.toggleClass(SHARED_CLASS);
      renderAgain(cell);
    }
    if (binding === null) {
      return;
    }
    if (shown?.binding === binding) {
      shown.badge.refresh();
    } else {
      this._show(cell, binding);
    }
  }

  private _show(cell: Cell, binding: Binding): void {
    const actions = {
      openRoom: () => this._openRoom(binding.room.id),
      stopSharing: () => this._binder.unbind(binding.cell),
      insertKept: () => this._insertKept(binding)
    };
    const badge = new Badge(binding, actions, this._trans);
    const input = cell.node.querySelector('.jp-Cell-inputWrapper');
    cell.node.insertBefore(badge.node, input?.nextSibling ?? null);
    this._shown.set(cell, { binding, badge });
  }

  private _insertKept(binding: Binding): void {
    const { notebook } = this._binder;
    const index = notebook.cells.indexOf(binding.cell);
    const cells = binding.kept.map(source => ({ cell_type: binding.cell.cell_type, source, metadata: {} }));
    notebook.insertCells(index + 1, cells);
    binding.dropKept();
  }

  /** Tells the people in a room that one is in their cell. */
  private _tellPlace(): void {
    const cell = this._notebook.activeCell;
    this._setPlace(cell && this._binder.bindingOf(cell.model.sharedModel));
  }

  private _setPlace(binding: Binding | null): void {
    if (this._place && this._place !== binding?.room && !this._place.isDisposed) {
      this._place.setActiveCell(null);
    }
    this._place = binding?.room ?? null;
    if (binding && this._notebook.node.contains(document.activeElement)) {
      binding.room.setActiveCell(binding.roomCellId);
    }
  }

  private readonly _shown = new WeakMap<Cell, { readonly binding: Binding; readonly badge: Badge }>();
  private _place: Room | null = null;
  private _isDue = false;
  private _isDisposed = false;
}
