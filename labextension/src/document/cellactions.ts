import * as Y from 'yjs';

import type { Arrangement } from './arrangement.js';
import { type CellMap, type CellType, deletionOf, textOf, typeOf } from './cellmap.js';
import { foreignUnits } from './units.js';
import type { IIntention } from './history.js';

/** Who does things to cells at this page, and what is made of it. */
export interface IActor {
  /** The display name that others see. */
  author(): string;
  /** Whether what a Yjs client wrote is this page's own. */
  isOwn(client: number): boolean;
  /** Something was done to cells. */
  note(intention: IIntention): void;
  /** A cell stays though its making was undone: others wrote in it. */
  tellKept(cell: CellMap): void;
}

/** What a person at this page does to cells, each with what it takes to undo it. */
export class CellActions {
  constructor(
    private readonly _cells: Arrangement,
    private readonly _actor: IActor
  ) {}

  /** Takes note that a cell was made. */
  noteMade(cell: CellMap): void {
    this._actor.note({ undo: () => this._unmake(cell) });
  }

  move(cell: CellMap, to: string): void {
    const from = cell.get('pos');
    cell.set('pos', to);
    this._actor.note({
      undo: () => {
        if (cell.get('pos') !== to || typeof from !== 'string') {
          return false;
        }
        this.move(cell, from);
        return true;
      }
    });
  }

  setType(cell: CellMap, to: CellType): void {
    const from = typeOf(cell);
    if (from === to) {
      return;
    }
    const former = { outputs: copyOutputs(cell), count: cell.get('execution_count') };
    this._cells.setType(cell, to);
    this._actor.note({
      undo: () => {
        if (typeOf(cell) !== to) {
          return false;
        }
        this.setType(cell, from);
        restoreOutputs(cell, former);
        return true;
      }
    });
  }

  remove(cell: CellMap): void {
    this._remove(cell, false);
  }

  restore(cell: CellMap): void {
    this._restore(cell, false);
  }

  private _unmake(cell: CellMap): boolean {
    if (deletionOf(cell) !== null) {
      return false;
    }
    const text = textOf(cell);
    if (text !== null && foreignUnits(text, client => this._actor.isOwn(client)) > 0) {
      this._actor.tellKept(cell);
    } else {
      this._remove(cell, true);
    }
    return true;
  }

  /** @param isNew - Whether the cell was made here, so that it goes only while nobody else writes in it. */
  private _remove(cell: CellMap, isNew: boolean): void {
    this._cells.remove(cell, this._actor.author());
    this._actor.note({
      undo: () => {
        if (deletionOf(cell) === null) {
          return false;
        }
        this._restore(cell, isNew);
        return true;
      }
    });
  }

  private _restore(cell: CellMap, isNew: boolean): void {
    this._cells.restore(cell);
    this._actor.note({
      undo: () => {
        if (isNew) {
          return this._unmake(cell);
        }
        if (deletionOf(cell) !== null) {
          return false;
        }
        this._remove(cell, false);
        return true;
      }
    });
  }
}

interface IFormerOutputs {
  readonly outputs: unknown[];
  readonly count: unknown;
}

function copyOutputs(cell: CellMap): Y.Map<unknown>[] {
  const outputs = cell.get('outputs');
  return outputs instanceof Y.Array
    ? outputs.map((output: unknown) => (output instanceof Y.Map ? (output.clone() as Y.Map<unknown>) : new Y.Map()))
    : [];
}

/** Puts outputs back that went with the type. */
function restoreOutputs(cell: CellMap, { outputs, count }: IFormerOutputs): void {
  const present = cell.get('outputs');
  if (typeOf(cell) === 'code' && present instanceof Y.Array && present.length === 0 && outputs.length > 0) {
    present.insert(0, outputs);
    cell.set('execution_count', count);
  }
}
