import { isHigh, isLow, type ISplice } from './characters.js';

/**
 * The smallest single replacement that makes one text another, of whole characters.
 *
 * What takes away nothing but the text's beginning is just that, though the end may begin like it: what somebody types
 * behind it at the same time then stays before the end.
 */
export function diff(before: string, after: string): ISplice {
  if (before.endsWith(after) && !before.startsWith(after)) {
    return { start: 0, end: before.length - after.length, insert: '' };
  }
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) {
    start += 1;
  }
  start -= isHigh(before.charCodeAt(start - 1)) ? 1 : 0;
  let same = 0;
  while (same < shorter - start && before[before.length - 1 - same] === after[after.length - 1 - same]) {
    same += 1;
  }
  same -= same > 0 && isLow(before.charCodeAt(before.length - same)) ? 1 : 0;
  return { start, end: before.length - same, insert: after.slice(start, after.length - same) };
}
