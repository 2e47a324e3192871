/** Edits are widened to whole characters, and say the same otherwise. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isInPair, wellFormed, wholeCharacters } from '../lib/text/characters.js';

/** The text after an edit that was widened. */
function edited(text: string, start: number, end: number, insert: string): string {
  const whole = wholeCharacters(text, start, end, insert);
  return text.slice(0, whole.start) + whole.insert + text.slice(whole.end);
}

test('one half that is exchanged exchanges the character', () => {
  assert.deepEqual(wholeCharacters('a😀b', 2, 3, '\ude01'), { start: 1, end: 3, insert: '😁' });
  assert.deepEqual(wholeCharacters('a\u{1f400}b', 1, 2, '\ud83c'), { start: 1, end: 3, insert: '\u{1f000}' });
});

test('an edit of whole characters stays as it is', () => {
  assert.deepEqual(wholeCharacters('a😀b', 1, 3, ''), { start: 1, end: 3, insert: '' });
  assert.deepEqual(wholeCharacters('a😀b', 3, 3, '😁'), { start: 3, end: 3, insert: '😁' });
});

test('what is put between two halves comes behind them, and the character that loses one goes', () => {
  assert.equal(edited('a😀b', 2, 2, 'x'), 'a😀xb');
  assert.equal(edited('a😀b', 2, 3, 'x'), 'axb');
  assert.equal(edited('a😀b', 1, 2, ''), 'ab');
  assert.equal(edited('😀x😁', 1, 4, ''), '😁');
});

const PIECES = ['a', 'é', '漢', '😀', '😁', '\u{1f400}', '\u{1f000}', '𠮟', '𠮷'];
const INSERTS = [...PIECES, '', '\ude01', '\ud83c', '\ud83d', 'x\ud83d', '\ude00x', '\ude00\ud83d'];

test('whatever is edited, no pair is cut, nothing typed goes, and what was right stays as it was meant', () => {
  for (const one of PIECES) {
    for (const text of PIECES.map(other => `${one}${other}${one}`)) {
      for (let start = 0; start <= text.length; start += 1) {
        for (let end = start; end <= text.length; end += 1) {
          for (const insert of INSERTS) {
            const meant = text.slice(0, start) + insert + text.slice(end);
            const whole = wholeCharacters(text, start, end, insert);
            const result = edited(text, start, end, insert);
            assert.ok(!isInPair(text, whole.start) && !isInPair(text, whole.end), meant);
            assert.equal(wellFormed(result), result);
            assert.ok(wellFormed(insert) !== insert || result.includes(insert), meant);
            if (wellFormed(meant) === meant) {
              assert.equal(result, meant);
            }
          }
        }
      }
    }
  }
});
