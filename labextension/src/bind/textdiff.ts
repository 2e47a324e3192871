/** One replacement: what is between two places of a text becomes something else. */
export interface ISplice {
  readonly start: number;
  readonly end: number;
  readonly insert: string;
}

/** The smallest single replacement that makes one text another, of whole characters. */
export function diff(before: string, after: string): ISplice {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) {
    start += 1;
  }
  start -= isBetween(before.charCodeAt(start - 1), 0xd800, 0xdc00) ? 1 : 0;
  let same = 0;
  while (same < shorter - start && before[before.length - 1 - same] === after[after.length - 1 - same]) {
    same += 1;
  }
  same -= same > 0 && isBetween(before.charCodeAt(before.length - same), 0xdc00, 0xe000) ? 1 : 0;
  return { start, end: before.length - same, insert: after.slice(start, after.length - same) };
}

/** Whether a unit is of one half of the surrogate pairs. */
function isBetween(code: number, from: number, below: number): boolean {
  return code >= from && code < below;
}
