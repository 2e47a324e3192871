import { isHigh, isLow, type ISplice } from './characters.js';

/** Words, line ends, other white space and single signs: every character of a text is in one of them. */
const WORDS = /[\p{L}\p{M}\p{N}_]+|\n|[^\S\n]+|[^]/gu;

/** Lines with their ends. */
const LINES = /[^\n]*\n|[^\n]+/g;

const CHARACTERS = /[^]/gu;

/** The most parts that are looked for as deleted or inserted; with more of them the search would take too long. */
const MOST_CHANGES = 2_000;

/**
 * The edits that make one text another, in order, with the places before the first of them: as few words as can be
 * are deleted and inserted, so none that stays. What two people do at once to the same text they would else both
 * delete, and both insert.
 */
export function differences(before: string, after: string): ISplice[] {
  const whole = diff(before, after);
  if (whole.start === whole.end || whole.insert === '') {
    return before === after ? [] : [whole];
  }
  return between(before, after, WORDS, within) ?? between(before, after, LINES, replace) ?? [whole];
}

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

type Refine = (before: string, after: string) => ISplice[];

const replace: Refine = (before, after) => [diff(before, after)];

/** The edits of what has no whole word in common: if letters are only added, or only taken away, just that. */
const within: Refine = (before, after) => {
  const letters = between(before, after, CHARACTERS, replace) ?? [];
  const isOneWay = letters.every(({ insert }) => insert === '') || letters.every(({ start, end }) => start === end);
  return isOneWay && letters.length > 0 ? letters : replace(before, after);
};

/** The edits of a text's parts; `null` if there are too many. */
function between(before: string, after: string, parts: RegExp, refine: Refine): ISplice[] | null {
  const [old, fresh] = [before.match(parts) ?? [], after.match(parts) ?? []];
  const kept = keptParts(old, fresh);
  if (kept === null) {
    return null;
  }
  const splices: ISplice[] = [];
  let [place, index, freshIndex] = [0, 0, 0];
  for (const [nextIndex, nextFreshIndex] of [...kept, [old.length, fresh.length]]) {
    const gone = old.slice(index, nextIndex).join('');
    const come = fresh.slice(freshIndex, nextFreshIndex).join('');
    const offset = place;
    if (gone !== come) {
      const small = refine(gone, come);
      splices.push(...small.map(({ start, end, insert }) => ({ start: offset + start, end: offset + end, insert })));
    }
    place += gone.length + (old[nextIndex]?.length ?? 0);
    [index, freshIndex] = [nextIndex + 1, nextFreshIndex + 1];
  }
  return splices;
}

/**
 * As many items as two lists have in common in the same order: where each is in the one and in the other; `null` if too
 * many are not. (As E. Myers found in 1986: each step adds one change, and goes as far as it can.)
 */
function keptParts(before: readonly string[], after: readonly string[]): [index: number, other: number][] | null {
  const most = Math.min(before.length + after.length, MOST_CHANGES);
  // How far one comes in `before` on each diagonal (how much further one is there than in `after`).
  const furthest = new Int32Array(2 * most + 3);
  const middle = most + 1;
  const history: Int32Array[] = [];
  for (let changes = 0; changes <= most; changes += 1) {
    history.push(furthest.slice(middle - changes - 1, middle + changes + 2));
    for (let diagonal = -changes; diagonal <= changes; diagonal += 2) {
      const reach = (other: number): number => furthest[middle + other];
      let index = isInserted(diagonal, changes, reach) ? reach(diagonal + 1) : reach(diagonal - 1) + 1;
      while (index < before.length && index - diagonal < after.length && before[index] === after[index - diagonal]) {
        index += 1;
      }
      furthest[middle + diagonal] = index;
      if (index >= before.length && index - diagonal >= after.length) {
        return walkBack(history, before.length, after.length);
      }
    }
  }
  return null;
}

/** Whether one comes furthest on a diagonal by an insertion from the one above, and not by a deletion from below. */
function isInserted(diagonal: number, changes: number, furthest: (diagonal: number) => number): boolean {
  return diagonal === -changes || (diagonal !== changes && furthest(diagonal - 1) < furthest(diagonal + 1));
}

/** The items that stay, from how far one came with each number of changes. */
function walkBack(history: readonly Int32Array[], length: number, otherLength: number): [number, number][] {
  const kept: [number, number][] = [];
  let [index, other] = [length, otherLength];
  for (let changes = history.length - 1; changes >= 0; changes -= 1) {
    const furthest = (diagonal: number): number => history[changes][diagonal + changes + 1];
    const diagonal = index - other;
    const wasInserted = isInserted(diagonal, changes, furthest);
    const first = wasInserted ? furthest(diagonal + 1) : furthest(diagonal - 1) + 1;
    for (; index > (changes === 0 ? 0 : first); index -= 1, other -= 1) {
      kept.push([index - 1, other - 1]);
    }
    [index, other] = wasInserted ? [index, other - 1] : [index - 1, other];
  }
  return kept.reverse();
}
