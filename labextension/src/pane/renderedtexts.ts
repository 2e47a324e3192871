import { MarkdownCell } from '@jupyterlab/cells';
import type { IDisposable } from '@lumino/disposable';

import type { Room } from '../rooms/room.js';
import type { NotebookView } from './notebook.js';

/** How long nothing must have changed: text and carets come separately, and people look away for a moment. */
const QUIET_MS = 500;

/**
 * Shows text cells as their readers are to see them: rendered, once nobody is writing in them any more.
 *
 * A cell that one opened oneself stays as it is until one renders it; so does one that is empty.
 */
export class RenderedTexts implements IDisposable {
  constructor(
    private readonly _room: Room,
    private readonly _notebook: NotebookView
  ) {
    _room.peopleChanged.connect(this._lookSoon, this);
    _notebook.modelContentChanged.connect(this._lookSoon, this);
    _notebook.node.addEventListener('focusin', this._noteOwn);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      clearTimeout(this._timer);
      this._room.peopleChanged.disconnect(this._lookSoon, this);
      this._notebook.modelContentChanged.disconnect(this._lookSoon, this);
      this._notebook.node.removeEventListener('focusin', this._noteOwn);
    }
  }

  private _lookSoon(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._look(), QUIET_MS);
  }

  private _look(): void {
    const busy = new Set(this._room.people.map(person => person.caret));
    for (const cell of this._notebook.widgets) {
      if (cell instanceof MarkdownCell && !cell.rendered && !busy.has(cell.model.id) && !this._isOwn(cell)) {
        cell.rendered = cell.model.sharedModel.getSource().trim() !== '';
      }
    }
  }

  private _isOwn(cell: MarkdownCell): boolean {
    return this._own.has(cell) || cell.node.contains(document.activeElement);
  }

  /** Takes note of the cells that one opens; of one that is rendered, nothing is to be remembered. */
  private readonly _noteOwn = (): void => {
    const cell = this._notebook.activeCell;
    if (cell instanceof MarkdownCell && !cell.rendered && cell.node.contains(document.activeElement)) {
      this._own.add(cell);
    }
  };

  private readonly _own = new WeakSet<MarkdownCell>();
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _isDisposed = false;
}
