import type { Extension } from '@codemirror/state';
import { EditorExtensionRegistry, type IEditorExtensionFactory } from '@jupyterlab/codemirror';
import type { TranslationBundle } from '@jupyterlab/translation';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';

import { isHexColor } from '../ui/colors.js';
import { named } from '../ui/named.js';
import type { ICursor, ISelection } from '../wire/presence.js';
import {
  caretView,
  type ICaret,
  type ICaretBoard,
  type ICaretEditor,
  type ICaretSpot,
  type IRoomCell
} from './caretview.js';

/** What the carets of one shared document need of its room. */
export interface ICaretHost {
  /** Everyone's presence, with `user` and `cursor` as `docs/wire.md` has them. */
  readonly awareness: Awareness;

  readonly trans: TranslationBundle;

  /** Says where this page's cursor is; `null` when no editor of the room has the focus. */
  setCursor(cursor: ICursor | null): void;
}

/** How many selections besides the main one others are told of: presence is bounded. */
const MAX_OTHERS = 20;

/**
 * Shows other people's carets in all editors of a shared document, and this page's caret to them.
 *
 * Editors made before this call have none, so call it before the document is shown.
 *
 * @param document - The shared notebook that the editors' cells belong to.
 * @returns What ends it, once it was disposed of as often as this was called.
 */
export function showCarets(document: object, host: ICaretHost): IDisposable {
  let board = boards.get(document);
  if (board === undefined) {
    board = new CaretBoard(host);
    boards.set(document, board);
  }
  board.users += 1;
  const shown = board;
  return new DisposableDelegate(() => {
    shown.users -= 1;
    if (shown.users === 0) {
      boards.delete(document);
      shown.dispose();
    }
  });
}

/** The extension that shows the carets in a cell of a shared document; `null` as long as `showCarets` does not. */
export function caretsIn(cell: Partial<IRoomCell>): Extension | null {
  const board = cell.notebook ? boards.get(cell.notebook) : undefined;
  return board ? caretView(board, cell as IRoomCell) : null;
}

/** The extension for JupyterLab's registry of editor extensions: it does nothing in editors that show no room. */
export const caretExtension: IEditorExtensionFactory = {
  name: 'jupyter-collab:carets',
  factory: ({ model }) => {
    const carets = caretsIn(model.sharedModel as Partial<IRoomCell>);
    return carets && EditorExtensionRegistry.createImmutableExtension(carets);
  }
};

const boards = new WeakMap<object, CaretBoard>();

/** Brings the carets in everybody's presence to the editors of the cells they are in, and only to those. */
class CaretBoard implements ICaretBoard, IDisposable {
  /** How many panes show the document. */
  users = 0;

  constructor(private readonly _host: ICaretHost) {
    _host.awareness.on('change', this._onPresence);
    this._read([..._host.awareness.getStates().keys()]);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._host.awareness.off('change', this._onPresence);
    this._carets.clear();
    for (const editors of this._editors.values()) {
      editors.forEach(editor => editor.refresh());
    }
  }

  addEditor(cell: string, editor: ICaretEditor): void {
    const editors = this._editors.get(cell) ?? new Set();
    this._editors.set(cell, editors.add(editor));
  }

  removeEditor(cell: string, editor: ICaretEditor): void {
    this._editors.get(cell)?.delete(editor);
    this.blur(editor);
  }

  caretsIn(cell: string): ICaret[] {
    return [...this._carets.values()].filter(caret => caret.cell === cell);
  }

  publish(editor: ICaretEditor, cell: string, main: ICaretSpot, others: readonly ICaretSpot[]): void {
    this._focused = editor;
    const told = others.slice(0, MAX_OTHERS).map(toJson);
    this._host.setCursor({ cell, ...toJson(main), ...(told.length > 0 ? { others: told } : {}) });
  }

  blur(editor: ICaretEditor): void {
    if (this._focused === editor) {
      this._focused = null;
      if (!this._isDisposed) {
        this._host.setCursor(null);
      }
    }
  }

  private readonly _onPresence = (change: { added: number[]; updated: number[]; removed: number[] }): void => {
    this._read([...change.added, ...change.updated, ...change.removed]);
  };

  private _read(clientIds: readonly number[]): void {
    const touched = new Set<string>();
    for (const clientId of clientIds) {
      if (clientId === this._host.awareness.clientID) {
        continue;
      }
      const before = this._carets.get(clientId);
      const after = readCaret(clientId, this._host.awareness.getStates().get(clientId), before, this._host.trans);
      if (before === after) {
        continue;
      }
      if (after === null) {
        this._carets.delete(clientId);
      } else {
        this._carets.set(clientId, after);
      }
      [before, after].forEach(caret => caret && touched.add(caret.cell));
    }
    touched.forEach(cell => this._editors.get(cell)?.forEach(editor => editor.refresh()));
  }

  private readonly _carets = new Map<number, ICaret>();
  private readonly _editors = new Map<string, Set<ICaretEditor>>();
  private _focused: ICaretEditor | null = null;
  private _isDisposed = false;
}

/**
 * The caret in somebody's presence; the one before if it is still right, `null` if there is none or it makes no
 * sense.
 */
function readCaret(
  clientId: number,
  state: object | undefined,
  before: ICaret | undefined,
  trans: TranslationBundle
): ICaret | null {
  const { user, cursor } = (state ?? {}) as { user?: unknown; cursor?: unknown };
  if (!isRecord(user) || !isRecord(cursor) || typeof cursor.cell !== 'string') {
    return null;
  }
  const main = readSpot(cursor);
  if (main === null) {
    return null;
  }
  const extra = Array.isArray(cursor.others) ? cursor.others.slice(0, MAX_OTHERS).map(readSpot) : [];
  const spots = [main, ...extra.filter(spot => spot !== null)];
  const ownName = String(user.display_name ?? user.name ?? user.username ?? '');
  const name = named(ownName, user.kind === 'guest', trans);
  const color = isHexColor(user.color) ? user.color : '#666666';
  const stays = before !== undefined && before.cell === cursor.cell && before.name === name && before.color === color;
  if (stays && before.spots.length === spots.length && spots.every((spot, i) => sameSpot(spot, before.spots[i]))) {
    return before;
  }
  return { clientId, cell: cursor.cell, spots, name, color, moves: (before?.moves ?? 0) + 1 };
}

function toJson({ anchor, head }: ICaretSpot): ISelection {
  return { anchor: Y.relativePositionToJSON(anchor), head: Y.relativePositionToJSON(head) };
}

function readSpot(selection: unknown): ICaretSpot | null {
  const anchor = isRecord(selection) ? readPosition(selection.anchor) : null;
  const head = isRecord(selection) ? readPosition(selection.head) : null;
  return anchor && head && { anchor, head };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function readPosition(json: unknown): Y.RelativePosition | null {
  return isRecord(json) ? Y.createRelativePositionFromJSON(json) : null;
}

function sameSpot(a: ICaretSpot, b: ICaretSpot): boolean {
  return Y.compareRelativePositions(a.anchor, b.anchor) && Y.compareRelativePositions(a.head, b.head);
}
