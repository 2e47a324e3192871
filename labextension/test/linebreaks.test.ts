/** What typing makes of a text with the line breaks of Windows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EditorState, type TransactionSpec } from '@codemirror/state';

import { plainLineBreaks } from '../lib/editor/linebreaks.js';

const WINDOWS = 'one\r\ntwo\rthree';

/** The text after an edit, with `|` for the caret. */
function edited(doc: string, edit: TransactionSpec): string {
  const { state } = EditorState.create({ doc, extensions: plainLineBreaks }).update(edit);
  const text = state.doc.toString();
  const { head } = state.selection.main;
  return `${text.slice(0, head)}|${text.slice(head)}`;
}

function typed(doc: string, from: number, insert: string, to = from): string {
  const selection = { anchor: from + insert.length };
  return edited(doc, { changes: { from, to, insert }, selection, userEvent: 'input' });
}

test('positions in a text count every character, as Yjs does', () => {
  const state = EditorState.create({ doc: WINDOWS, extensions: plainLineBreaks });
  assert.equal(state.doc.length, WINDOWS.length);
  assert.equal(edited(WINDOWS, { changes: { from: 14, insert: '\r\n' } }), `|${WINDOWS}\r\n`);
});

test('typing goes where the caret is, and leaves plain line breaks', () => {
  assert.equal(typed(WINDOWS, 14, '!'), 'one\ntwo\nthree!|');
  assert.equal(typed(WINDOWS, 3, '!'), 'one!|\ntwo\nthree');
});

test('typing at the end of a line stays in that line', () => {
  assert.equal(typed(WINDOWS, 4, '!'), 'one!|\ntwo\nthree');
});

test('what is deleted does not come back as a line break', () => {
  assert.equal(typed(WINDOWS, 0, '', WINDOWS.length), '|');
  assert.equal(typed(WINDOWS, 3, '', 9), 'one|three');
});

test('what is pasted has plain line breaks', () => {
  assert.equal(typed('ab', 1, 'x\r\ny\rz\r\n'), 'ax\ny\nz\n|b');
});
