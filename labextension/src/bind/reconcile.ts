/** What becomes of a cell whose text and that of the room's cell were apart for a while. */
import type { ISplice } from '../text/characters.js';
import { diff } from '../text/textdiff.js';

/**
 * - `same`: there is nothing to do.
 * - `take`: the cell gets the room's text.
 * - `push`: the room gets the cell's text.
 * - `conflict`: the cell gets the room's text, and its own is kept.
 */
export type Decision = 'same' | 'take' | 'push' | 'conflict';

/**
 * Decides whose text is the newer one.
 *
 * @param own - The text of the notebook's cell.
 * @param room - The text of the room's cell.
 * @param wasShared - Whether a text is one that both are known to have had.
 * @param mayPush - Whether the room would take the cell's text.
 */
export function reconcile(own: string, room: string, wasShared: (text: string) => boolean, mayPush: boolean): Decision {
  if (own === room) {
    return 'same';
  }
  if (wasShared(own) || plain(own) === room) {
    return 'take';
  }
  if (mayPush && wasShared(room)) {
    return 'push';
  }
  return own === '' ? 'take' : 'conflict';
}

/** A text with both changes of another: side by side where they are apart, and nothing twice where they are not. */
export function merge(base: string, own: string, room: string): string {
  const [mine, theirs] = [diff(base, own), diff(base, room)];
  if (mine.end <= theirs.start && mine.start < theirs.end) {
    return splice(splice(base, theirs), mine);
  }
  if (theirs.end <= mine.start && theirs.start < mine.end) {
    return splice(splice(base, mine), theirs);
  }
  const [start, end] = [Math.min(mine.start, theirs.start), Math.max(mine.end, theirs.end)];
  const [mineThere, theirsThere] = [mine, theirs].map(change => {
    return base.slice(start, change.start) + change.insert + base.slice(change.end, end);
  });
  return splice(base, { start, end, insert: join(theirsThere, mineThere) });
}

/** Two texts behind each other, or only one of them if it has the other in it. */
function join(first: string, second: string): string {
  if (first.includes(second)) {
    return first;
  }
  return second.includes(first) ? second : first + second;
}

function splice(text: string, { start, end, insert }: ISplice): string {
  return text.slice(0, start) + insert + text.slice(end);
}

/** A text with the line breaks that rooms have. */
function plain(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}
