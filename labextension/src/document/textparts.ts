/** A part of a text, from a place to another one. */
export interface ISpan {
  readonly start: number;
  readonly end: number;
}

/** Where texts stand in another one, in this order, with nothing around them but line breaks; `null` if they do not. */
export function spansOf(whole: string, parts: readonly string[]): ISpan[] | null {
  const spans: ISpan[] = [];
  let place = 0;
  for (const [index, part] of parts.entries()) {
    const gap = breaksAt(whole, place);
    const isBlank = breaksAt(part, 0) === part.length;
    const blankGap = index === parts.length - 1 ? gap - part.length : 0;
    const start = place + (isBlank ? blankGap : gap - breaksAt(part, 0));
    if (start < place || !whole.startsWith(part, start)) {
      return null;
    }
    place = start + part.length;
    spans.push({ start, end: place });
  }
  return place + breaksAt(whole, place) === whole.length ? spans : null;
}

/** What stands between texts that are all of another one but for line breaks between them; else `null`. */
export function separatorsIn(whole: string, parts: readonly string[]): string[] | null {
  const spans = spansOf(whole, parts);
  if (spans === null || spans.length === 0 || spans[0].start > 0 || spans[spans.length - 1].end < whole.length) {
    return null;
  }
  return spans.slice(1).map(({ start }, index) => whole.slice(spans[index].end, start));
}

/** A part of a text without the line breaks at its ends. */
export function trimmed(text: string, start: number, end: number): ISpan {
  const part = text.slice(start, end);
  const first = start + breaksAt(part, 0);
  return { start: first, end: Math.max(first, start + part.replace(/\n+$/, '').length) };
}

/** How many line breaks there are from a place on. */
function breaksAt(text: string, place: number): number {
  let end = place;
  while (text[end] === '\n') {
    end += 1;
  }
  return end - place;
}
