import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { IDeletedCell } from '../document/roomnotebook.js';

/** Who left a cell's text no longer ago than this was in it. */
const JUST_NOW_MS = 5000;

/** That one's cell is gone is said at least this long. */
const SHOWN_MS = 10_000;

/** In which cell's text the viewer is, and whether somebody else deleted it. */
export class Workplace implements IDisposable {
  /** The cell that was deleted while the viewer was in it; `null` if there is none, or the viewer knows and goes on. */
  get lost(): IDeletedCell | null {
    return this._lost;
  }

  get lostChanged(): ISignal<this, void> {
    return this._lostChanged;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The viewer is in the text of this cell. */
  enter(cellId: string): void {
    this._cellId = cellId;
    this._leftAt = null;
  }

  /** The viewer is in no cell's text. */
  leave(): void {
    this._leftAt ??= Date.now();
  }

  /** Somebody else deleted a cell. */
  hear(cell: IDeletedCell): void {
    const isNear = this._leftAt === null || Date.now() - this._leftAt <= JUST_NOW_MS;
    if (cell.id === this._cellId && isNear && cell.into === null) {
      this._lostAt = Date.now();
      this._setLost(cell);
    }
  }

  /** The viewer does something elsewhere: they need not be told for long. */
  goOn(): void {
    if (this._lost !== null && this._timer === undefined) {
      this._timer = setTimeout(() => this.forget(), this._lostAt + SHOWN_MS - Date.now());
    }
  }

  /** The cell is back, or the viewer does not want it. */
  forget(): void {
    if (this._lost !== null) {
      this._setLost(null);
    }
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._timer);
    Signal.clearData(this);
  }

  private _setLost(cell: IDeletedCell | null): void {
    clearTimeout(this._timer);
    this._timer = undefined;
    this._lost = cell;
    this._lostChanged.emit();
  }

  private _cellId: string | null = null;
  private _leftAt: number | null = null;
  private _lost: IDeletedCell | null = null;
  private _lostAt = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _isDisposed = false;
  private readonly _lostChanged = new Signal<this, void>(this);
}
