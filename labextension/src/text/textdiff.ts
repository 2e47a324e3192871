import { diffArrays } from 'diff';

import { isHigh, isLow, type ISplice } from './characters.js';

/** Words, line ends, other white space and single signs: every character of a text is in one of them. */
const WORDS = /[\p{L}\p{M}\p{N}_]+|\n|[^\S\n]+|[^]/gu;

/** Lines with their ends. */
const LINES = /[^\n]*\n|[^\n]+/g;

const CHARACTERS = /[^]/gu;

/** The most parts that are looked for as deleted or inserted; with more of them the search would take too long. */
const MOST_CHANGES = 1_000;

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
  const changes = diffArrays(old, fresh, { maxEditLength: MOST_CHANGES });
  if (changes === undefined) {
    return null;
  }
  const splices: ISplice[] = [];
  let [place, gone, come] = [0, '', ''];
  const flush = (): void => {
    if (gone !== come) {
      splices.push(...refine(gone, come).map(splice => shifted(splice, place)));
    }
    place += gone.length;
    [gone, come] = ['', ''];
  };
  for (const { value, added, removed } of changes) {
    const text = value.join('');
    if (added) {
      come += text;
    } else if (removed) {
      gone += text;
    } else {
      flush();
      place += text.length;
    }
  }
  flush();
  return splices;
}

function shifted({ start, end, insert }: ISplice, by: number): ISplice {
  return { start: start + by, end: end + by, insert };
}
