/** Where a caret is after others merged and split the cells: where it was in the text. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { gapAt } from '../lib/document/units.js';
import { exchange, openPages, type Page } from './notebooks.js';

const pages: Page[] = [];

afterEach(() => {
  pages.splice(0).forEach(page => page.dispose());
});

/** Two people with a notebook of code cells. */
function open(...texts: string[]): Page[] {
  pages.push(
    ...openPages(
      ['Ada', 'Ben'],
      texts.map((_, index) => `c${index}`)
    )
  );
  texts.forEach((text, index) => pages[0].notebook.cells[index].setSource(text));
  settle();
  return [...pages];
}

const settle = (): void => exchange(pages);

/** Where a caret is, in a text with a bar in it. */
function caretIn(marked: readonly string[]): { cell: number; index: number; texts: string[] } {
  const cell = marked.findIndex(text => text.includes('|'));
  return { cell, index: marked[cell].indexOf('|'), texts: marked.map(text => text.replace('|', '')) };
}

type Act = (notebook: Page['notebook']) => void;

const CARETS: Record<string, { before: string[]; act: Act; after: string[] }> = {
  'at the start of the first piece': { before: ['|ab\ncd'], act: n => n.splitCell(0, [2]), after: ['|ab', 'cd'] },
  'at the end of the first piece': { before: ['ab|\ncd'], act: n => n.splitCell(0, [2]), after: ['ab|', 'cd'] },
  'at the start of the last piece': { before: ['ab\n|cd'], act: n => n.splitCell(0, [2]), after: ['ab', '|cd'] },
  'at the end of the last piece': { before: ['ab\ncd|'], act: n => n.splitCell(0, [2]), after: ['ab', 'cd|'] },
  'at the start of a middle piece': { before: ['a\n|b\nc'], act: n => n.splitCell(0, [2, 4]), after: ['a', '|b', 'c'] },
  'at the end of a middle piece': { before: ['a\nb|\nc'], act: n => n.splitCell(0, [2, 4]), after: ['a', 'b|', 'c'] },
  'at the start of a merged cell': { before: ['a', '|b'], act: n => n.mergeCells(0, [1]), after: ['a\n\n|b'] },
  'in a merged cell': { before: ['a', 'b|b'], act: n => n.mergeCells(0, [1]), after: ['a\n\nb|b'] },
  'in an empty merged cell': { before: ['a', '|'], act: n => n.mergeCells(0, [1]), after: ['a\n\n|'] },
  'where another cell is put above': { before: ['a', '|b'], act: n => n.mergeCells(1, [0]), after: ['a\n\n|b'] },
  'where another cell is put below': { before: ['a|', 'b'], act: n => n.mergeCells(0, [1]), after: ['a|\n\nb'] },
  'in a split that is undone': {
    before: ['a\n|b'],
    act: n => {
      n.splitCell(0, [1]);
      n.undo();
    },
    after: ['a\n|b']
  }
};

for (const [where, { before, act, after }] of Object.entries(CARETS)) {
  test(`a caret stays where it is in the text: ${where}`, () => {
    const { cell, index, texts } = caretIn(before);
    const [ada, ben] = open(...texts);
    const text = ben.notebook.cells[cell].ysource;
    const gap = gapAt(text, index);
    act(ada.notebook);
    settle();
    const wanted = caretIn(after);
    assert.deepEqual(ben.texts, wanted.texts);
    assert.deepEqual(ben.notebook.follow(text, gap), { id: ben.ids[wanted.cell], index: wanted.index });
  });
}

test('a caret is followed through a merge and a split of what was merged', () => {
  const [ada, ben] = open('cell p', 'cell q');
  const text = ben.notebook.cells[1].ysource;
  const gap = gapAt(text, 4);
  assert.deepEqual(ben.notebook.follow(text, gap), { id: ben.ids[1], index: 4 });
  ada.notebook.mergeCells(0, [1]);
  settle();
  assert.deepEqual(ben.notebook.follow(text, gap), { id: ben.ids[0], index: 12 });
  ada.notebook.splitCell(0, [13]);
  settle();
  assert.deepEqual(ben.notebook.follow(text, gap), { id: ben.ids[0], index: 12 });
});
