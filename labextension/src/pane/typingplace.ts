import type { Cell } from '@jupyterlab/cells';
import type { CodeEditor } from '@jupyterlab/codeeditor';
import type * as Y from 'yjs';

import type { ITextPlace, RoomNotebook } from '../document/roomnotebook.js';
import { gapAt, type IGap } from '../document/units.js';

/** Where the viewer types: in which cell, and between which characters, wherever others may put these. */
export class TypingPlace {
  /** The place in a cell, as its editor and its text are now. */
  static in(cell: Cell, document: RoomNotebook): TypingPlace | null {
    const { editor } = cell;
    const text = document.cells.find(shared => shared === cell.model.sharedModel)?.ysource;
    if (text === undefined || editor === null) {
      return null;
    }
    const { start, end } = editor.getSelection();
    const [from, to] = [start, end].map(position => gapAt(text, editor.getOffsetAt(position)));
    return new TypingPlace(cell, document, text, from, to);
  }

  private constructor(
    readonly widget: Cell,
    private readonly _document: RoomNotebook,
    private readonly _text: Y.Text,
    private readonly _start: IGap,
    private readonly _end: IGap
  ) {}

  /** The id of the cell in which the place is now; `null` if it is in none. */
  get cell(): string | null {
    return this._follow(this._end)?.id ?? null;
  }

  /** Selects in a cell's editor what was selected, if the place is in that cell. */
  select(id: string, editor: CodeEditor.IEditor): void {
    const end = this._follow(this._end);
    if (end?.id === id) {
      const start = this._follow(this._start);
      const range = [start?.id === id ? start : end, end].map(place => toPosition(editor, place));
      const selection = { start: range[0], end: range[1] };
      // To select it once more would take the carets beside it away.
      if (!isSelected(editor, selection)) {
        editor.setSelection(selection);
      }
    }
  }

  private _follow(gap: IGap): ITextPlace | null {
    return this._document.follow(this._text, gap);
  }
}

/** Where a caret is in a text. */
export interface ICaret {
  readonly text: string;
  readonly index: number;
}

/** Where a caret is in another version of its text: beside what both begin or end with, else where they differ. */
export function caretIn(after: string, { text: before, index }: ICaret): number {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) {
    start += 1;
  }
  let end = 0;
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) {
    end += 1;
  }
  const fromEnd = before.length - index;
  return index > start && fromEnd <= end ? after.length - fromEnd : Math.min(index, start);
}

/** A place in a text, in an editor that may not have all of the text yet. */
function toPosition(editor: CodeEditor.IEditor, { index }: ITextPlace): CodeEditor.IPosition {
  const position = editor.getPositionAt(Math.min(index, editor.model.sharedModel.getSource().length));
  return position ?? { line: 0, column: 0 };
}

function isSelected(editor: CodeEditor.IEditor, { start, end }: CodeEditor.IRange): boolean {
  const present = editor.getSelection();
  const isSame = (a: CodeEditor.IPosition, b: CodeEditor.IPosition): boolean =>
    editor.getOffsetAt(a) === editor.getOffsetAt(b);
  return isSame(present.start, start) && isSame(present.end, end);
}
