/** Whether a viewer is told that the cell in which they were is deleted, and for how long. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { Workplace } from '../lib/pane/workplace.js';

const GONE = { id: 'mine', by: 'Ada', into: null };

/** A place of work, and what makes time pass for it. */
function start(context: TestContext): { place: Workplace; wait: (milliseconds: number) => void } {
  const { timers } = context.mock;
  timers.enable({ apis: ['setTimeout', 'Date'] });
  return { place: new Workplace(), wait: milliseconds => timers.tick(milliseconds) };
}

test('who is in a cell, or left it just now, is told that it is deleted', context => {
  const { place, wait } = start(context);
  place.enter('mine');
  wait(60_000);
  place.hear(GONE);
  assert.deepEqual(place.lost, GONE);
  place.forget();
  place.leave();
  wait(4000);
  place.leave();
  place.hear(GONE);
  assert.deepEqual(place.lost, GONE);
});

test('who is elsewhere is told nothing, nor is anybody of a cell that was merged', context => {
  const { place, wait } = start(context);
  place.hear(GONE);
  place.enter('mine');
  place.hear({ ...GONE, into: 'other' });
  place.hear({ ...GONE, id: 'other' });
  place.leave();
  wait(6000);
  place.hear(GONE);
  assert.equal(place.lost, null);
});

test('it is told until the viewer goes on, and ten seconds at least', context => {
  const { place, wait } = start(context);
  let told = 0;
  place.lostChanged.connect(() => (told += 1));
  place.enter('mine');
  place.hear(GONE);
  wait(3000);
  place.goOn();
  wait(6000);
  place.goOn();
  assert.deepEqual([place.lost, told], [GONE, 1]);
  wait(1000);
  assert.deepEqual([place.lost, told], [null, 2]);
  place.hear(GONE);
  wait(60_000);
  assert.deepEqual(place.lost, GONE);
  place.goOn();
  wait(1);
  assert.equal(place.lost, null);
});
