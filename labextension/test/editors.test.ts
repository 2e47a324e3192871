/** What the editors of rooms do beyond those of notebooks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EditorState } from '@codemirror/state';
import * as Y from 'yjs';

import { onlyAllowedEdits } from '../lib/editor/readonly.js';
import { gateEdits, mayEdit } from '../lib/rooms/editgate.js';

function makeText(content: string, isAllowed: () => boolean): Y.Text {
  const doc = new Y.Doc();
  const text = doc.getText('source');
  text.insert(0, content);
  gateEdits(doc, isAllowed);
  return text;
}

test('a document lets edits in while they are allowed, and drops others whole', () => {
  let isAllowed = false;
  const text = makeText('theirs', () => isAllowed);
  const doc = text.doc ?? assert.fail();
  const insert = (): number =>
    doc.transact(() => {
      text.insert(0, 'mine ');
      return 5;
    });
  assert.equal(insert(), undefined);
  assert.equal(text.toString(), 'theirs');
  assert.equal(mayEdit(doc), false);
  isAllowed = true;
  assert.equal(insert(), 5);
  assert.equal(text.toString(), 'mine theirs');
});

test('what others write comes in whatever is allowed here', () => {
  const text = makeText('', () => false);
  const other = new Y.Doc();
  other.getText('source').insert(0, 'theirs');
  Y.applyUpdate(text.doc ?? assert.fail(), Y.encodeStateAsUpdate(other));
  assert.equal(text.toString(), 'theirs');
});

test('an editor of a text that may not be edited follows the text, and changes in no other way', () => {
  let isAllowed = false;
  const text = makeText('theirs', () => isAllowed);
  const state = EditorState.create({ doc: 'theirs', extensions: onlyAllowedEdits(text) });
  const insert = (insert: string): string => state.update({ changes: { from: 0, insert } }).state.doc.toString();
  assert.equal(insert('mine '), 'theirs');
  text.insert(0, 'more of ');
  assert.equal(insert('more of '), 'more of theirs');
  isAllowed = true;
  assert.equal(insert('mine '), 'mine theirs');
});
