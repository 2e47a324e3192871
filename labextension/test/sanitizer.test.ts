/** Stricter than the page's own sanitizer, and otherwise like it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { IRenderMime } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';

import { Loading } from '../lib/render/loading.js';
import { SharedSanitizer } from '../lib/render/sanitizer.js';

const loading = new Loading(() => 'http://here.example/blobs/', { __: (words: string) => words } as TranslationBundle);

test('the page’s settings count as they are now', () => {
  const page = { sanitize: (html: string) => html, allowNamedProperties: false, getAutolink: () => true };
  const sanitizer = new SharedSanitizer(page, loading);
  assert.deepEqual([sanitizer.allowNamedProperties, sanitizer.getAutolink()], [false, true]);
  page.allowNamedProperties = true;
  page.getAutolink = () => false;
  assert.deepEqual([sanitizer.allowNamedProperties, sanitizer.getAutolink()], [true, false]);
});

test('a page whose sanitizer has no settings has JupyterLab’s own', () => {
  const sanitizer = new SharedSanitizer({ sanitize: html => html }, loading);
  assert.deepEqual([sanitizer.allowNamedProperties, sanitizer.getAutolink()], [false, true]);
  assert.equal(sanitizer.allowCommandLinker, false);
});

test('the page’s sanitizer has its say first, with the options of this call', () => {
  const calls: unknown[] = [];
  const sanitize: IRenderMime.ISanitizer['sanitize'] = (html, options) => {
    calls.push(options);
    return html.replace('bad', 'good');
  };
  const sanitizer = new SharedSanitizer({ sanitize }, loading);
  assert.equal(sanitizer.sanitize('<b>bad</b>', { allowedTags: ['b'] }), '<b>good</b>');
  assert.deepEqual(calls, [{ allowedTags: ['b'] }]);
});
