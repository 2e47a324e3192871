/** How long others' changes are held back for what an input method composes. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { EditorState, type Transaction } from '@codemirror/state';
import { DisposableDelegate } from '@lumino/disposable';

import { Composition } from '../lib/editor/composition.js';

interface IDesk {
  readonly composition: Composition;
  readonly editor: { compositionStarted: boolean };
  readonly isHeld: () => boolean;
  readonly endHolds: () => void;
  readonly wait: (milliseconds: number) => void;
}

function start(context: TestContext): IDesk {
  const { timers } = context.mock;
  timers.enable({ apis: ['setInterval', 'Date'] });
  const holds = new Set<DisposableDelegate>();
  const holdChanges = (): DisposableDelegate => {
    const hold: DisposableDelegate = new DisposableDelegate(() => holds.delete(hold));
    holds.add(hold);
    return hold;
  };
  const editor = { compositionStarted: false };
  return {
    composition: new Composition(editor, { holdChanges }),
    editor,
    isHeld: () => holds.size > 0,
    endHolds: () => [...holds].forEach(hold => hold.dispose()),
    wait: milliseconds => timers.tick(milliseconds)
  };
}

test('they are held from the first letter until the editor has read the last one', context => {
  const { composition, editor, isHeld, wait } = start(context);
  composition.note();
  editor.compositionStarted = true;
  assert.equal(isHeld(), true);
  wait(20_000);
  composition.note();
  wait(20_000);
  assert.equal(isHeld(), true);
  composition.note();
  editor.compositionStarted = false;
  wait(40);
  assert.equal(isHeld(), true);
  wait(100);
  assert.equal(isHeld(), false);
});

test('an input method that is left alone holds nothing for ever', context => {
  const { composition, editor, isHeld, wait } = start(context);
  composition.note();
  editor.compositionStarted = true;
  wait(31_000);
  assert.equal(isHeld(), false);
  composition.note();
  assert.equal(isHeld(), true);
});

test('a viewer who leaves the editor holds nothing, whatever the input method says', context => {
  const { composition, editor, isHeld, wait } = start(context);
  composition.note();
  editor.compositionStarted = true;
  composition.leave();
  wait(100);
  assert.equal(isHeld(), false);
});

test('what is composed where the browser says nothing of it counts, and what others write does not', context => {
  const { composition, editor, isHeld } = start(context);
  const edit = (userEvent: string): { transactions: Transaction[] } => {
    return { transactions: [EditorState.create().update({ changes: { from: 0, insert: 'a' }, userEvent })] };
  };
  editor.compositionStarted = true;
  composition.update(edit('other'));
  assert.equal(isHeld(), false);
  composition.update(edit('input.type.compose'));
  assert.equal(isHeld(), true);
});

test('changes that were shown are held again by the next letter, and let go with the editor', async context => {
  const { composition, editor, isHeld, endHolds } = start(context);
  editor.compositionStarted = true;
  composition.note();
  endHolds();
  composition.note();
  assert.equal(isHeld(), true);
  composition.destroy();
  await Promise.resolve();
  assert.equal(isHeld(), false);
});
