import type { ChangeDesc } from '@codemirror/state';

/** A range of a text, in UTF-16 units. */
export interface ISpan {
  readonly start: number;
  readonly end: number;
}

/** A text, and where the caret is in it; from 0. */
export interface ICaretState {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/**
 * The word that is being completed in a text that others edit, too.
 *
 * @param _original - The text for which completions were asked for.
 * @param _span - Where the word was in it.
 */
export class CompletedWord {
  constructor(
    private readonly _original: string,
    private readonly _span: ISpan
  ) {
    this._now = _span;
  }

  /** Where the word is now. */
  get now(): ISpan {
    return this._now;
  }

  /**
   * Follow a change of the text.
   *
   * @param isByOthers - Whether it was not typed here.
   * @returns Whether it left the word as its typist has it: others may edit all but the word.
   */
  follow(changes: ChangeDesc, isByOthers: boolean): boolean {
    const { start, end } = this._now;
    if (isByOthers && touchesInside(changes, start, end)) {
      return false;
    }
    const isEmpty = start === end;
    this._now = {
      start: changes.mapPos(start, isByOthers && !isEmpty ? 1 : -1),
      end: changes.mapPos(end, isByOthers ? -1 : 1)
    };
    return true;
  }

  /** The state as it would be if nobody else had edited the text; `null` if the caret is not in the word. */
  withoutOthers(state: ICaretState): ICaretState | null {
    const caret = offsetOf(state);
    const { start, end } = this._now;
    if (caret < start || caret > end) {
      return null;
    }
    const word = state.text.slice(start, end);
    const text = this._original.slice(0, this._span.start) + word + this._original.slice(this._span.end);
    const lines = text.slice(0, this._span.start + caret - start).split('\n');
    return { text, line: lines.length - 1, column: lines[lines.length - 1].length };
  }

  /** How far the word has moved. */
  get shift(): number {
    return this._now.start - this._span.start;
  }

  private _now: ISpan;
}

function touchesInside(changes: ChangeDesc, start: number, end: number): boolean {
  let isTouched = false;
  changes.iterChangedRanges((from, to) => {
    isTouched ||= from < end && to > start;
  });
  return isTouched;
}

function offsetOf({ text, line, column }: ICaretState): number {
  const before = text.split('\n').slice(0, line);
  return before.reduce((sum, { length }) => sum + length + 1, 0) + column;
}
