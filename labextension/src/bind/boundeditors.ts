import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';

import { caretsIn, showCarets } from '../editor/carets.js';
import type { NotebookBinder } from './binder.js';
import type { Binding } from './binding.js';
import type { OwnCell } from './metadata.js';
import { extendEditors, readOnly } from './slots.js';

/** What was done to the editors of a bound cell. */
interface IExtended {
  readonly roomCell: OwnCell | null;
  readonly isReadOnly: boolean;
  readonly board: IDisposable | null;
}

/** Shows other people's carets in the editors of a notebook's bound cells, and locks those that one may not edit. */
export class BoundEditors implements IDisposable {
  constructor(
    private readonly _binder: NotebookBinder,
    private readonly _trans: TranslationBundle
  ) {
    _binder.changed.connect(this._updateSoon, this);
    this._updateSoon();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._binder.changed.disconnect(this._updateSoon, this);
      [...this._extended.keys()].forEach(binding => this._free(binding));
    }
  }

  /** Not at once: an editor that tells of a change takes none. */
  private _updateSoon(): void {
    if (!this._isDue) {
      this._isDue = true;
      queueMicrotask(() => {
        this._isDue = false;
        if (!this._isDisposed) {
          this._update();
        }
      });
    }
  }

  private _update(): void {
    const bindings = new Set(this._binder.bindings);
    for (const binding of this._extended.keys()) {
      if (!bindings.has(binding)) {
        this._free(binding);
      }
    }
    bindings.forEach(binding => this._extend(binding));
  }

  private _extend(binding: Binding): void {
    const isInStep = ['shared', 'read-only', 'offline', 'elsewhere'].includes(binding.state);
    const roomCell = isInStep ? binding.roomCell : null;
    const isReadOnly = isInStep && binding.room.status.readOnly;
    const before = this._extended.get(binding);
    if (before?.roomCell === roomCell && before.isReadOnly === isReadOnly) {
      return;
    }
    const { room } = binding;
    const host = { awareness: room.awareness, setCursor: room.setCursor.bind(room), trans: this._trans };
    const board = roomCell && showCarets(room.sharedModel, host);
    const carets = (roomCell && caretsIn(roomCell)) ?? [];
    extendEditors(binding.cell, isReadOnly ? [carets, readOnly] : carets);
    before?.board?.dispose();
    this._extended.set(binding, { roomCell, isReadOnly, board });
  }

  private _free(binding: Binding): void {
    extendEditors(binding.cell, []);
    this._extended.get(binding)?.board?.dispose();
    this._extended.delete(binding);
  }

  private readonly _extended = new Map<Binding, IExtended>();
  private _isDue = false;
  private _isDisposed = false;
}
