/** What makes one text another: what both have stays, so two people who do the same at once do not double it. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { differences } from '../lib/text/textdiff.js';
import { makeRandom } from './chance.js';
import { exchange, openPages, type Page } from './notebooks.js';

const pages: Page[] = [];

afterEach(() => {
  pages.splice(0).forEach(page => page.dispose());
});

function apply(before: string, after: string): string {
  const splices = differences(before, after);
  return splices.reduceRight((text, { start, end, insert }) => text.slice(0, start) + insert + text.slice(end), before);
}

/** What is deleted, and what is inserted. */
function changes(before: string, after: string): [gone: string, come: string][] {
  return differences(before, after).map(({ start, end, insert }) => [before.slice(start, end), insert]);
}

const CASES: Record<string, { before: string; after: string; changes: [string, string][] }> = {
  nothing: { before: 'a', after: 'a', changes: [] },
  'all of it': { before: '', after: 'a b', changes: [['', 'a b']] },
  quotes: {
    before: "f('x')",
    after: 'f("x")',
    changes: [
      ["'", '"'],
      ["'", '"']
    ]
  },
  'lines that are joined': {
    before: 'a\nb\nc',
    after: 'abc',
    changes: [
      ['\n', ''],
      ['\n', '']
    ]
  },
  'calls that are joined': {
    before: 'f(a)\nf(b)\n',
    after: 'f(a)f(b)',
    changes: [
      ['\n', ''],
      ['\n', '']
    ]
  },
  indentation: {
    before: 'if a:\n  b\n  c',
    after: 'if a:\n    b\n    c',
    changes: [
      ['', '  '],
      ['', '  ']
    ]
  },
  'a name in two places': {
    before: 'a = b\nb = a',
    after: 'x = b\nb = x',
    changes: [
      ['a', 'x'],
      ['a', 'x']
    ]
  },
  'the beginning, which the end repeats': { before: 'a b\na b c', after: 'a b c', changes: [['a b\n', '']] },
  'half of a character': { before: 'a \u{1f600} b', after: 'a \u{1f601} b', changes: [['\u{1f600}', '\u{1f601}']] }
};

for (const [what, { before, after, changes: wanted }] of Object.entries(CASES)) {
  test(`another text, in which this is changed: ${what}`, () => {
    assert.deepEqual(changes(before, after), wanted);
    assert.equal(apply(before, after), after);
  });
}

test('any text is made of any other', () => {
  const random = makeRandom(1);
  const parts = ['a', 'b', 'c ', '\n', '\u{1f600}'];
  const text = (): string => Array.from({ length: random(12) }, () => parts[random(parts.length)]).join(' ');
  for (let play = 0; play < 2_000; play += 1) {
    const [before, after] = [text(), text()];
    assert.equal(apply(before, after), after);
  }
});

test('of texts too different to be compared word by word the lines that are the same stay', () => {
  const lines = (word: string): string => Array.from({ length: 3_000 }, (_, line) => `${word}${line}\n`).join('');
  const [before, after] = [`${lines('a')}same\n${lines('b')}`, `${lines('c')}same\n${lines('d')}`];
  assert.equal(apply(before, after), after);
});

test('two who format a cell at once do not double what others typed', () => {
  pages.push(...openPages(['Ada', 'Ben'], ['p']));
  const [ada, ben] = pages;
  ada.cell('p').setSource("first('a')\n\n\nsecond('b')\nthird('c')");
  exchange(pages);
  ada.cell('p').setSource('first("a")\nsecond("b")\nthird("c")');
  ben.cell('p').setSource("first('a'); second('b'); third('c')");
  exchange(pages);
  assert.equal(ada.texts[0], ben.texts[0]);
  for (const word of ['first', 'second', 'third', 'a', 'b', 'c']) {
    assert.equal(ada.texts[0].match(new RegExp(`\\b${word}\\b`, 'g'))?.length, 1, ada.texts[0]);
  }
});
