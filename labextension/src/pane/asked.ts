import type { Text, Transaction, YTextEvent } from 'yjs';

import type { RoomCell } from '../document/cells.js';
import type { RoomNotebook } from '../document/roomnotebook.js';
import { ApiError } from '../rest/http.js';
import type { Room } from '../rooms/room.js';
import { hashOf } from '../text/sourcehash.js';

/** So often cells are asked for in which the viewer goes on typing. */
const MAX_ATTEMPTS = 5;

/** Cells that the viewer has asked to be run, as they are before the viewer's eyes. Its owner disposes it. */
export class AskedCells {
  constructor(
    private readonly _model: RoomNotebook,
    ids: readonly string[]
  ) {
    this._ids = _model.track(ids);
    const cells = ids.map(id => this._find(id));
    this._first = cells.map(cell => (cell === undefined ? '' : hashOf(cell.getSource())));
    this._texts = cells.flatMap(cell => (cell === undefined ? [] : [cell.share.text]));
    this._texts.forEach(text => text.observe(this._onChange));
  }

  /** Whether somebody else has edited one of them since. What the viewer typed on is theirs, and is run. */
  get isChangedByOthers(): boolean {
    return this._isChangedByOthers;
  }

  /** Their ids, in the order in which they were asked for. */
  get ids(): readonly string[] {
    return this._ids();
  }

  /** The hashes of their sources, by their ids; of those that are gone, as they were when they were asked for. */
  get hashes(): Record<string, string> {
    const hashes = this.ids.map((id, index) => {
      const cell = this._find(id);
      return [id, cell === undefined ? this._first[index] : hashOf(cell.getSource())];
    });
    return Object.fromEntries(hashes) as Record<string, string>;
  }

  dispose(): void {
    this._texts.forEach(text => text.unobserve(this._onChange));
    this._texts = [];
  }

  private _find(id: string): RoomCell | undefined {
    return this._model.cells.find(cell => cell.getId() === id) as RoomCell | undefined;
  }

  private readonly _onChange = (_: YTextEvent, transaction: Transaction): void => {
    this._isChangedByOthers ||= !transaction.local;
  };

  private readonly _ids: () => readonly string[];
  private readonly _first: readonly string[];
  private _texts: readonly Text[];
  private _isChangedByOthers = false;
}

/** What came of it: the cells wait to be run, or they do not, because of the viewer's edits or of those of others. */
export type Asking = 'asked' | 'not-saved' | 'changed';

/**
 * Asks the server to run cells as the viewer sees them, once all that the viewer typed is there.
 *
 * @throws ApiError - If the server does not run them.
 */
export async function askToRun(room: Pick<Room, 'whenSaved' | 'kernelApi'>, asked: AskedCells): Promise<Asking> {
  for (let attempt = 1; ; attempt += 1) {
    if (!(await room.whenSaved())) {
      return 'not-saved';
    }
    if (asked.isChangedByOthers) {
      return 'changed';
    }
    try {
      await room.kernelApi.run(asked.ids, asked.hashes);
      return 'asked';
    } catch (error) {
      // What the viewer typed on may have overtaken the request.
      const isChanged = error instanceof ApiError && error.reason === 'source_changed';
      if (!isChanged || attempt === MAX_ATTEMPTS) {
        throw error;
      }
    }
  }
}
