import type { SharedCell } from '@jupyter/ydoc';

import { crc32 } from '../text/crc.js';
import { type Arrangement, knownType, sourceOf } from './arrangement.js';
import type { CellActions, IPart, ISlice } from './cellactions.js';
import { clearOutputs, setContent, toText } from './cellcontent.js';
import { type CellMap, isCellId, isDeletedAlone, posOf, typeOf } from './cellmap.js';
import type { RoomCell } from './cells.js';
import type { IStep } from './cutting.js';
import type { IIntention } from './history.js';
import type { SharedCells } from './sharedcells.js';
import { separatorsIn, spansOf, trimmed } from './textparts.js';

/** What is done to the list of cells in one transaction of the notebook. */
export class Step implements IStep {
  /** @param _shown - Reads the cells as they are shown, from the transaction's beginning to its end. */
  constructor(
    private readonly _shown: () => CellMap[],
    private readonly _arrangement: Arrangement,
    private readonly _actions: CellActions,
    private readonly _shared: SharedCells
  ) {}

  /** Cells that came with it, each with what it takes to undo that. */
  readonly made = new Map<CellMap, IIntention>();

  /** What it takes to undo all of it. */
  readonly intentions: IIntention[] = [];

  /** The cells as they will be, deleted ones left out. */
  get order(): CellMap[] {
    this._order ??= this._shown();
    return this._order;
  }

  /** Deletes cells; they may come back before the transaction ends. */
  remove(from: number, to: number): void {
    for (const cell of this.order.splice(from, to - from)) {
      this._removed.add(cell);
      this._lastRemoved = { cell, index: from };
    }
  }

  /**
   * Inserts cells. The id of a deleted cell brings that one back, with the text that is given; a cell that takes the
   * place of one just deleted, with all its text, is that one; and so is the last of several that have it in pieces.
   */
  insert(index: number, cells: readonly SharedCell.Cell[]): RoomCell[] {
    const present = cells.map((_, offset) => this._toReuse(index, cells, offset));
    const made = present.filter(cell => cell === null).length;
    const keys = this._arrangement.keysAt(this.order, index, made);
    return cells.map((content, offset) => {
      const cell = present[offset];
      const place = index + offset;
      return cell === null ? this._make(content, keys.shift() as string, place) : this._reuse(cell, content, place);
    });
  }

  /** Moves cells. `to` is where the first of them, or the last if they go down, will stand. */
  move(from: number, to: number, n: number): void {
    const moved = this.order.splice(from, n);
    const index = from > to ? to : to - n + 1;
    const keys = this._arrangement.keysAt(this.order, index, moved.length);
    moved.forEach((cell, offset) => this._actions.move(cell, keys[offset]));
    this.order.splice(index, 0, ...moved);
  }

  /** Merges cells into one of them; see `RoomNotebook.mergeCells`. */
  merge(primary: number, others: readonly number[], separator: string): void {
    const { order } = this;
    const cell = order[primary];
    const part = (index: number): IPart => ({ cell: order[index], separator });
    const sorted = [...others].sort((a, b) => a - b);
    const [before, after] = [sorted.filter(index => index < primary), sorted.filter(index => index > primary)];
    this._actions.merge(cell, before.map(part), after.map(part));
    gatherAttachments(
      cell,
      sorted.map(index => order[index])
    );
    clearOutputs(this._shared.of(cell));
    [...sorted].reverse().forEach(index => order.splice(index, 1));
  }

  /** Splits a cell; see `RoomNotebook.splitCell`. */
  split(index: number, places: readonly number[]): void {
    const { order } = this;
    const cell = order[index];
    const source = sourceOf(cell);
    const { metadata } = this._shared.of(cell).toJSON();
    const keys = this._arrangement.keysAt(order, index, places.length);
    const slices = places.map((end, place): ISlice => {
      const piece = this._arrangement.make({ cell_type: typeOf(cell), metadata }, keys[place]);
      setContent(this._shared.of(piece), { cell_type: typeOf(cell), metadata });
      gatherAttachments(piece, [cell]);
      return { cell: piece, ...trimmed(source, places[place - 1] ?? 0, end) };
    });
    const { start } = trimmed(source, places[places.length - 1], source.length);
    this._actions.split(cell, slices, start);
    order.splice(index, 0, ...slices.map(slice => slice.cell));
  }

  /** Does what was left until all was known. */
  end(): void {
    this._join();
    this._removed.forEach(cell => this._actions.remove(cell));
  }

  /** A cell that came in place of a deleted one gets its text, and that of others deleted in the same step. */
  private _join(): void {
    if (this._joined === null) {
      return;
    }
    const removed = this._removed;
    const { cell, source, order } = this._joined;
    const parts = order.filter(other => other === cell || removed.has(other));
    const split = removed.size > 0 ? separatorsIn(source, parts.map(sourceOf)) : null;
    if (split === null) {
      this._shared.of(cell).setSource(source);
      return;
    }
    const place = parts.indexOf(cell);
    const before = parts.slice(0, place).map((part, index) => ({ cell: part, separator: split[index] }));
    const after = parts.slice(place + 1).map((part, index) => ({ cell: part, separator: split[place + index] }));
    this._actions.merge(cell, before, after);
    parts.forEach(part => removed.delete(part));
  }

  /** The cell in the document that one which is to be inserted is; `null` if it is a new one. */
  private _toReuse(index: number, cells: readonly SharedCell.Cell[], offset: number): CellMap | null {
    const [removed, last] = [this._removed, this._lastRemoved];
    const { id } = cells[offset];
    if (isCellId(id)) {
      const cell = this._arrangement.find(id);
      return cell !== null && (removed.has(cell) || isDeletedAlone(cell)) ? cell : null;
    }
    const isLast = offset === cells.length - 1;
    if (!isLast || last?.index !== index || !removed.has(last.cell)) {
      return null;
    }
    const [before, after] = [sourceOf(last.cell), cells.map(cell => toText(cell.source))];
    const isThere = cells.length === 1 ? after[0].includes(before) : spansOf(before, after) !== null;
    return isThere ? last.cell : null;
  }

  private _make(content: SharedCell.Cell, pos: string, index: number): RoomCell {
    const map = this._arrangement.make(content, pos);
    const cell = this._shared.of(map);
    this.order.splice(index, 0, map);
    setContent(cell, content);
    this._actions.noteMade(map);
    this.made.set(map, this.intentions[this.intentions.length - 1]);
    return cell;
  }

  private _reuse(map: CellMap, content: SharedCell.Cell, index: number): RoomCell {
    const wasHere = this._removed.delete(map);
    const dropped = map.get('dropped');
    this._lastRemoved = null;
    if (!wasHere) {
      this._actions.restore(map);
    }
    if (!wasHere || !isBetween(map, this.order[index - 1], this.order[index])) {
      this._actions.move(map, this._arrangement.keysAt(this.order, index, 1)[0]);
    }
    this.order.splice(index, 0, map);
    this._actions.setType(map, knownType(content.cell_type));
    const cell = this._shared.of(map);
    const source = toText(content.source);
    if (wasHere && content.id !== map.get('id')) {
      // The cells that are deleted in the same step may have gone into it.
      this._joined = { cell: map, source, order: this._shown() };
    } else if (wasHere || crc32(source) !== dropped) {
      // Else the text is as it was deleted, and what came late stays in it.
      cell.setSource(source);
    }
    setContent(cell, content);
    return cell;
  }

  private _order: CellMap[] | null = null;
  private readonly _removed = new Set<CellMap>();
  private _lastRemoved: { cell: CellMap; index: number } | null = null;
  /** A cell that came in place of a deleted one, with the text that it is to have; and the order before. */
  private _joined: { cell: CellMap; source: string; order: readonly CellMap[] } | null = null;
}

/** Whether a cell's key puts it between two others. */
function isBetween(cell: CellMap, before: CellMap | undefined, after: CellMap | undefined): boolean {
  const [pos, low, high] = [posOf(cell), before && posOf(before), after && posOf(after)];
  return pos !== null && low !== null && (low ?? '') < pos && (high === undefined || high === null || pos < high);
}

/** Gives a text cell what belongs to the texts of others. */
function gatherAttachments(map: CellMap, others: readonly CellMap[]): void {
  const attachments: object = Object.assign({}, ...[...others, map].map(cell => cell.get('attachments')));
  if (typeOf(map) !== 'code' && Object.keys(attachments).length > 0) {
    map.set('attachments', attachments);
  }
}
