/** A change of a list: what is kept, what comes in, how many go; as `changed` of a shared notebook says it. */
export type ListDelta<T> = ({ retain: number } | { insert: T[] } | { delete: number })[];

/**
 * The change that makes one list of different things the other; what changes places goes and comes in again.
 *
 * What comes in place of something else comes first, as in a list of Yjs: JupyterLab's notebook then takes it for what
 * is active, if the other was.
 */
export function listDelta<T>(before: readonly T[], after: readonly T[]): ListDelta<T> {
  const kept = keptInOrder(before, after);
  const delta: ListDelta<T> = [];
  let [from, to] = [0, 0];
  for (const item of [...kept, undefined]) {
    const [nextFrom, nextTo] =
      item === undefined ? [before.length, after.length] : [before.indexOf(item, from), after.indexOf(item, to)];
    if (nextTo > to) {
      delta.push({ insert: after.slice(to, nextTo) });
    }
    if (nextFrom > from) {
      delta.push({ delete: nextFrom - from });
    }
    if (item !== undefined) {
      const last = delta[delta.length - 1];
      if (last !== undefined && 'retain' in last) {
        last.retain += 1;
      } else {
        delta.push({ retain: 1 });
      }
    }
    [from, to] = [nextFrom + 1, nextTo + 1];
  }
  if (delta.length > 0 && 'retain' in delta[delta.length - 1]) {
    delta.pop();
  }
  return delta;
}

/** The most things that are in both lists in the same order: a longest increasing subsequence of their places. */
export function keptInOrder<T>(before: readonly T[], after: readonly T[]): T[] {
  const places = new Map(before.map((item, index) => [item, index]));
  const common = after.filter(item => places.has(item));
  const place = (index: number): number => places.get(common[index]) as number;
  const tails: number[] = [];
  const previous = new Array<number>(common.length);
  common.forEach((_, index) => {
    let [low, high] = [0, tails.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      [low, high] = place(tails[middle]) < place(index) ? [middle + 1, high] : [low, middle];
    }
    previous[index] = low > 0 ? tails[low - 1] : -1;
    tails[low] = index;
  });
  const kept: T[] = [];
  for (let index = tails[tails.length - 1] ?? -1; index >= 0; index = previous[index]) {
    kept.push(common[index]);
  }
  return kept.reverse();
}
