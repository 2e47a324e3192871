import type { YNotebook } from '@jupyter/ydoc';

import { type CellMap, typeOf } from './cellmap.js';
import { makeCell, type RoomCell } from './cells.js';
import { CellShare, type IShareOwner } from './cellshare.js';
import { keptInOrder } from './delta.js';

/** The shared cells of a notebook: one for each cell of the document, of the type that this has now. */
export class SharedCells {
  constructor(private readonly _notebook: YNotebook & IShareOwner) {}

  /** The shared cell of a cell in the document. */
  of(map: CellMap): RoomCell {
    const share = this._shares.get(map) ?? new CellShare(map, this._notebook);
    this._shares.set(map, share);
    const present = this._made.get(map);
    return present?.cell_type === typeOf(map) && !present.isDisposed ? present : this._make(share);
  }

  /** What all shared cells of a cell in the document have in common, if there ever was one. */
  shareOf(map: CellMap): CellShare | undefined {
    return this._shares.get(map);
  }

  /**
   * The shared cells of a list of cells. A list that JupyterLab keeps has one model for each shared cell, so a cell
   * that changes places is a new one.
   *
   * @param before - The list that this one takes the place of.
   */
  list(maps: readonly CellMap[], before: readonly RoomCell[]): RoomCell[] {
    const wanted = maps.map(map => this.of(map));
    const stay = new Set(keptInOrder(before, wanted));
    const known = new Set(before);
    return wanted.map(cell => (known.has(cell) && !stay.has(cell) ? this._make(cell.share) : cell));
  }

  /** A shared cell is in no list any more. */
  retire(cell: RoomCell): void {
    if (this._made.get(cell.share.map) === cell) {
      this._made.delete(cell.share.map);
    }
    cell.dispose();
  }

  dispose(): void {
    this._shares.forEach(share => share.dispose());
  }

  private _make(share: CellShare): RoomCell {
    const cell = makeCell(share, this._notebook);
    this._made.set(share.map, cell);
    return cell;
  }

  private readonly _shares = new Map<CellMap, CellShare>();
  private readonly _made = new Map<CellMap, RoomCell>();
}
