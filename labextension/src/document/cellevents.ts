/** What events of the document say of its cells. */
import * as Y from 'yjs';

import { isMoveKey } from './moves.js';

/** Whether an event says of a cell that its place, its type or its presence changed. */
export function isArranging(event: Y.YEvent<Y.AbstractType<unknown>>, bag: Y.Array<unknown>): boolean {
  return (
    event instanceof Y.YMapEvent &&
    event.target.parent === bag &&
    ['id', 'pos', 'cell_type', 'deleted'].some(key => event.keysChanged.has(key))
  );
}

/** Whether an event says of a cell where its characters went. */
export function isOfMoves(event: Y.YEvent<Y.AbstractType<unknown>>, bag: Y.Array<unknown>): boolean {
  return event instanceof Y.YMapEvent && event.target.parent === bag && [...event.keysChanged].some(isMoveKey);
}

/** Whether an event may make the text of a deleted cell late, or not late any more. */
export function mayBeLate(event: Y.YEvent<Y.AbstractType<unknown>>, bag: Y.Array<unknown>): boolean {
  const cell = event.target instanceof Y.Text ? event.target.parent : event.target;
  return cell instanceof Y.Map && cell.parent === bag && (cell.has('deleted') || isArranging(event, bag));
}
