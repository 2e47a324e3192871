/** Names on colours can be read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isHexColor, readableOn } from '../lib/ui/colors.js';

test('text is white on dark colours and black on light ones', () => {
  assert.equal(readableOn('#000000'), '#ffffff');
  assert.equal(readableOn('#0b6e4f'), '#ffffff');
  assert.equal(readableOn('#ffffff'), '#000000');
  assert.equal(readableOn('#ffcc00'), '#000000');
});

test('what a peer calls a colour cannot bring other styles with it', () => {
  assert.ok(isHexColor('#1A5fb4'));
  for (const value of ['red', '#12345', '#1234567', '#123456; background: url(//x)', 'var(--x)', null, 7]) {
    assert.equal(isHexColor(value), false, String(value));
  }
});
