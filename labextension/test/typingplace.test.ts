/** Where a caret goes when the text around it is replaced by another version. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { caretIn } from '../lib/pane/typingplace.js';

const CARETS: Record<string, [before: string, after: string]> = {
  'what was put in before it is not there': ['start too much|', 'start|'],
  'what was put in around it is not there': ['start too| much end', 'start |end'],
  'text comes before it': ['one|', 'more one|'],
  'text comes behind it': ['one|', 'one| more'],
  'it stands behind equal characters': ['aa|', 'aa|a'],
  'it stands at the start': ['|one', '|two'],
  'nothing stays': ['one|', '|'],
  'nothing changes': ['o|ne', 'o|ne']
};

for (const [what, [before, after]] of Object.entries(CARETS)) {
  test(`a caret goes on in another version of its text: ${what}`, () => {
    const caret = { text: before.replace('|', ''), index: before.indexOf('|') };
    assert.equal(caretIn(after.replace('|', ''), caret), after.indexOf('|'));
  });
}
