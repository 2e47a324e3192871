/** The word that is completed while others edit the text around it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ChangeSet } from '@codemirror/state';

import { CompletedWord } from '../lib/pane/completedword.js';

const TEXT = 'first\nos.pa';

interface IAfter {
  word: string;
  isWhole: boolean;
}

/** The word `pa` of the text, after an edit. */
function after(by: 'me' | 'others', from: number, insert: string, to = from): IAfter {
  const word = new CompletedWord(TEXT, { start: 9, end: 11 });
  const isWhole = word.follow(ChangeSet.of({ from, to, insert }, TEXT.length), by === 'others');
  const text = TEXT.slice(0, from) + insert + TEXT.slice(to);
  return { word: text.slice(word.now.start, word.now.end), isWhole };
}

test('what others type elsewhere leaves the word as it is', () => {
  for (const [from, to] of [
    [0, 0],
    [0, 5],
    [9, 9],
    [11, 11]
  ]) {
    const { word, isWhole } = after('others', from, 'x', to);
    assert.deepEqual([word, isWhole], ['pa', true], `${from} to ${to}`);
  }
});

test('what others do to the word itself ends its completion', () => {
  assert.equal(after('others', 10, 'x').isWhole, false);
  assert.equal(after('others', 8, '', 10).isWhole, false);
});

test('what one types at the end of the word belongs to it', () => {
  assert.equal(after('me', 11, 't').word, 'pat');
});

test('an empty word stays empty when others type there', () => {
  const word = new CompletedWord('os.', { start: 3, end: 3 });
  assert.ok(word.follow(ChangeSet.of({ from: 3, insert: 'x' }, 3), true));
  assert.deepEqual(word.now, { start: 3, end: 3 });
});

test('the state is told as if nobody else had edited, as long as the caret is in the word', () => {
  const word = new CompletedWord(TEXT, { start: 9, end: 11 });
  word.follow(ChangeSet.of({ from: 0, insert: 'new\n' }, TEXT.length), true);
  word.follow(ChangeSet.of({ from: 15, insert: 't' }, TEXT.length + 4), false);
  const text = `new\n${TEXT}t`;
  assert.equal(word.shift, 4);
  assert.deepEqual(word.withoutOthers({ text, line: 2, column: 6 }), { text: `${TEXT}t`, line: 1, column: 6 });
  assert.equal(word.withoutOthers({ text, line: 0, column: 1 }), null);
});
