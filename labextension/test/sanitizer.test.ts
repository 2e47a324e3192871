/** Stricter than the page's own sanitizer, and otherwise like it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SharedSanitizer } from '../lib/sanitizer.js';

test('the page’s settings count as they are now', () => {
  const page = { sanitize: (html: string) => html, allowNamedProperties: false, getAutolink: () => true };
  const sanitizer = new SharedSanitizer(page);
  assert.deepEqual([sanitizer.allowNamedProperties, sanitizer.getAutolink()], [false, true]);
  page.allowNamedProperties = true;
  page.getAutolink = () => false;
  assert.deepEqual([sanitizer.allowNamedProperties, sanitizer.getAutolink()], [true, false]);
});

test('a page whose sanitizer has no settings has JupyterLab’s own', () => {
  const sanitizer = new SharedSanitizer({ sanitize: html => html });
  assert.deepEqual([sanitizer.allowNamedProperties, sanitizer.getAutolink()], [false, true]);
  assert.equal(sanitizer.allowCommandLinker, false);
});

test('the page’s sanitizer has its say first, with the options of this call', () => {
  const calls: unknown[] = [];
  const sanitizer = new SharedSanitizer({
    sanitize: (html, options) => {
      calls.push(options);
      return html.replace('bad', 'good');
    }
  });
  assert.equal(sanitizer.sanitize('<b>bad</b>', { allowedTags: ['b'] }), '<b>good</b>');
  assert.deepEqual(calls, [{ allowedTags: ['b'] }]);
});
