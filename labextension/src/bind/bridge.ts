import type { IDisposable } from '@lumino/disposable';
import type * as Y from 'yjs';

import { wellFormed, wholeCharacters } from '../text/characters.js';
import { differences } from '../text/textdiff.js';

/**
 * Keeps the text of a notebook's own cell and that of a room's cell the same, though they belong to two documents.
 *
 * Every change is copied as it was made, so carets and undo stay right, and is then held against the text that was to
 * come out: an observer that writes in the midst of a change makes its description wrong. What the bridge writes is no
 * edit of the person at this page: no editor undoes it.
 *
 * There may be only one bridge between two documents that are shared by other means as well: two would copy each
 * other's copies without end.
 */
export class TextBridge implements IDisposable {
  /** The two texts must be the same. */
  constructor(private readonly _options: TextBridge.IOptions) {
    const { own, room } = _options;
    this._lastShared = own.toString();
    own.observe(this._onOwn);
    room.observe(this._onRoom);
  }

  /** The room's text. */
  get room(): Y.Text {
    return this._options.room;
  }

  /** The last text that both had. */
  get lastShared(): string {
    return this._lastShared;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._options.own.unobserve(this._onOwn);
      this._options.room.unobserve(this._onRoom);
    }
  }

  private readonly _onOwn = (event: Y.YTextEvent, transaction: Y.Transaction): void => {
    const { own, room, mayWriteRoom } = this._options;
    if (transaction.origin !== this && mayWriteRoom()) {
      this._copy(event, own, room);
    }
  };

  private readonly _onRoom = (event: Y.YTextEvent, transaction: Y.Transaction): void => {
    const { own, room, onOwnWritten } = this._options;
    if (transaction.origin !== this && this._copy(event, room, own)) {
      onOwnWritten();
    }
  };

  /** Says whether there was something to write. */
  private _copy(event: Y.YTextEvent, from: Y.Text, to: Y.Text): boolean {
    const wanted = wellFormed(from.toString());
    this._lastShared = wanted;
    // An edit that cut a character left a half that cannot be saved, nor sent.
    setText(from, wanted, this);
    if (to.toString() === wanted) {
      return false;
    }
    to.doc?.transact(() => applyDelta(to, event.delta), this);
    setText(to, wanted, this);
    return true;
  }

  private _lastShared: string;
  private _isDisposed = false;
}

/** Takes note of the last text that two texts both had, while somebody else keeps them the same. */
export class TextWatch implements IDisposable {
  constructor(
    private readonly _own: Y.Text,
    readonly room: Y.Text,
    private _lastShared: string | null
  ) {
    _own.observe(this._look);
    room.observe(this._look);
    this._look();
  }

  get lastShared(): string | null {
    return this._lastShared;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._own.unobserve(this._look);
      this.room.unobserve(this._look);
    }
  }

  private readonly _look = (): void => {
    const text = this._own.toString();
    if (text === this.room.toString()) {
      this._lastShared = text;
    }
  };

  private _isDisposed = false;
}

export namespace TextBridge {
  export interface IOptions {
    /** The text of the notebook's own cell. */
    readonly own: Y.Text;
    /** The text of the room's cell. */
    readonly room: Y.Text;
    /** Whether what is typed here may go to the room. */
    readonly mayWriteRoom: () => boolean;
    /** Called when the notebook's cell got a change from the room. */
    readonly onOwnWritten: () => void;
  }
}

/** Makes a text the wanted one; no word of it that stays is touched. */
export function setText(text: Y.Text, wanted: string, origin: object): void {
  const present = text.toString();
  if (present !== wanted) {
    text.doc?.transact(() => {
      for (const { start, end, insert } of differences(present, wanted).reverse()) {
        text.delete(start, end - start);
        text.insert(start, insert);
      }
    }, origin);
  }
}

type Delta = Y.YTextEvent['delta'];

/** Applies a change, as far as the text has the places that it speaks of; nothing of it cuts a character. */
function applyDelta(text: Y.Text, delta: Delta): void {
  let index = 0;
  for (const { retain, insert, delete: count } of delta) {
    if (retain !== undefined) {
      index = Math.min(index + retain, text.length);
    } else if (typeof insert === 'string') {
      index += replaceWhole(text, index, index, insert);
    } else if (count !== undefined) {
      replaceWhole(text, index, Math.min(index + count, text.length), '');
    }
  }
}

/** Replaces whole characters, and says how far behind `start` the inserted text ends. */
function replaceWhole(text: Y.Text, start: number, end: number, insert: string): number {
  const whole = wholeCharacters(text.toString(), start, end, insert);
  text.delete(whole.start, whole.end - whole.start);
  text.insert(whole.start, whole.insert);
  return whole.start + whole.insert.length - start;
}
