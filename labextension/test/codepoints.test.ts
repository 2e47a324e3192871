import assert from 'node:assert/strict';
import { test } from 'node:test';

import { pointsIn, unitsIn } from '../lib/pane/codepoints.js';

test('a character beyond the basic plane is one code point and two code units', () => {
  const text = 'a😀b';
  assert.deepEqual(
    [0, 1, 3, 4].map(units => pointsIn(text, units)),
    [0, 1, 2, 3]
  );
  assert.deepEqual(
    [0, 1, 2, 3].map(points => unitsIn(text, points)),
    [0, 1, 3, 4]
  );
});

test('behind the end of a text is its end', () => {
  assert.equal(pointsIn('😀', 9), 1);
  assert.equal(unitsIn('😀', 9), 2);
});
