/** What becomes of a cell whose text and that of the room's cell were apart for a while. */

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
export function reconcile(
  own: string,
  room: string,
  wasShared: (text: string) => boolean,
  mayPush: boolean
): Decision {
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

/** A text with the line breaks that rooms have. */
function plain(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}
