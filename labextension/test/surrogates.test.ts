/** What an editor that shows a shared text writes into it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Annotation, type ChangeSpec, EditorState, type TransactionSpec } from '@codemirror/state';
import * as Y from 'yjs';

import { plainLineBreaks } from '../lib/editor/linebreaks.js';
import { wholeSurrogates } from '../lib/editor/surrogates.js';
import { wellFormed } from '../lib/text/characters.js';

const shared = Annotation.define<unknown>();
const EXTENSIONS = [plainLineBreaks, wholeSurrogates(shared)];

/** What JupyterLab's binding writes for an edit: where, how much goes, what comes. */
function written(doc: string, edit: TransactionSpec): { changes: unknown[]; shown: string } {
  const { changes, state } = EditorState.create({ doc, extensions: EXTENSIONS }).update(edit);
  const splices: unknown[] = [];
  changes.iterChanges((from, to, _from, _to, insert) => splices.push([from, to, insert.toString()]));
  const text = state.doc.toString();
  const { anchor, head } = state.selection.main;
  assert.equal(anchor, head);
  return { changes: splices, shown: `${text.slice(0, head)}|${text.slice(head)}` };
}

test('an input method that goes on to the next emoji exchanges a whole one', () => {
  for (const userEvent of ['input.type.compose', undefined]) {
    const edit = { changes: { from: 3, to: 4, insert: '\ude01' }, selection: { anchor: 4 }, userEvent };
    assert.deepEqual(written('s 😀 b', edit), { changes: [[2, 4, '😁']], shown: 's 😁| b' });
  }
});

test('a kanji whose first half differs is exchanged as a whole', () => {
  const edit = { changes: { from: 0, to: 1, insert: '\ud83c' }, selection: { anchor: 2 } };
  assert.deepEqual(written('\u{1f400}', edit), { changes: [[0, 2, '\u{1f000}']], shown: '\u{1f000}|' });
});

test('several changes at once are each widened, and the caret is where it was meant to be', () => {
  const changes = [
    { from: 1, to: 2, insert: '\ude01' },
    { from: 4, insert: 'x' },
    { from: 6, to: 7, insert: '' }
  ];
  assert.deepEqual(written('😀-😀-😀', { changes, selection: { anchor: 3 } }), {
    changes: [
      [0, 2, '😁'],
      [3, 5, '😀x'],
      [6, 8, '']
    ],
    shown: '😁-|😀x-'
  });
});

test('whole characters are written as they were typed', () => {
  const edit = { changes: { from: 2, to: 4, insert: '😁' }, selection: { anchor: 4 } };
  assert.deepEqual(written('s 😀 b', edit).changes, [[2, 4, '😁']]);
  assert.deepEqual(written('s 😀 b', { changes: { from: 4, insert: ' ' } }).changes, [[4, 4, ' ']]);
});

test('what comes from the shared text is shown as it is', () => {
  const edit = { changes: { from: 1, to: 2, insert: '\ufffd' }, annotations: shared.of(true) };
  assert.deepEqual(written('😀', edit).changes, [[1, 2, '\ufffd']]);
});

const TEXT = 'a😀😁\r\n𠮟𠮷z';
const INSERTS = ['', 'x', '😁', '\ude01', '\ud83d', '\ud842', '\udfb7'];

test('any edit leaves shared text and editor the same, and well formed', () => {
  for (let from = 0; from <= TEXT.length; from += 1) {
    for (let to = from; to <= TEXT.length; to += 1) {
      for (const insert of INSERTS) {
        const changes: ChangeSpec[] = [{ from, to, insert }];
        const next = EditorState.create({ doc: TEXT, extensions: EXTENSIONS }).update({ changes, userEvent: 'input' });
        const text = new Y.Doc().getText('t');
        text.insert(0, TEXT);
        let shift = 0;
        next.changes.iterChanges((fromA, toA, _from, _to, inserted) => {
          text.delete(fromA + shift, toA - fromA);
          text.insert(fromA + shift, inserted.toString());
          shift += inserted.length - (toA - fromA);
        });
        const shown = next.newDoc.toString();
        assert.equal(text.toString(), shown);
        assert.equal(wellFormed(shown), shown);
        assert.ok(!shown.includes('\ufffd') || wellFormed(insert) !== insert);
      }
    }
  }
});
