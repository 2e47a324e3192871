/**
 * Edits of whole characters.
 *
 * JavaScript, CodeMirror and Yjs count UTF-16 units. A character beyond U+FFFF, such as an emoji, is a pair
 * of them, a high surrogate and a low one. Yjs turns both halves of a pair that an edit cuts into U+FFFD, and other
 * implementations do something else, so such an edit must not reach a Y.Text.
 */

/** One replacement: what is between two places of a text becomes something else. */
export interface ISplice {
  readonly start: number;
  readonly end: number;
  readonly insert: string;
}

/** Half a pair without its other half; with the flag `u` a whole pair is one character, and no match. */
const LONE = /\p{Surrogate}/gu;

/** `text` with U+FFFD for each half of a pair that stands alone. */
export function wellFormed(text: string): string {
  return text.replace(LONE, '\ufffd');
}

/** Whether the place lies between the two halves of a pair. */
export function isInPair(text: string, place: number): boolean {
  return isHigh(text.charCodeAt(place - 1)) && isLow(text.charCodeAt(place));
}

/** Whether a unit is the first half of a pair. */
export function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

/** Whether a unit is the second half of a pair. */
export function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

/**
 * The replacement of whole characters in place of one that may cut some.
 *
 * The text that comes out is the same. Where it would hold half a pair, the character that lost a half goes, and
 * what was put between two halves comes behind the pair.
 *
 * @param text - The text before the edit.
 */
export function wholeCharacters(text: string, start: number, end: number, insert: string): ISplice {
  const left = isInPair(text, start) ? text.charAt(start - 1) : '';
  const right = isInPair(text, end) ? text.charAt(end) : '';
  const whole = left + insert + right;
  if (start === end && left !== '' && wellFormed(whole) !== whole) {
    return { start: start + 1, end: end + 1, insert: wellFormed(insert) };
  }
  const kept = left || right ? whole.replace(/^\p{Surrogate}|\p{Surrogate}$/gu, '') : whole;
  return { start: start - left.length, end: end + right.length, insert: wellFormed(kept) };
}
