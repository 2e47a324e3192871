import {
  type AnnotationType,
  type ChangeSpec,
  EditorState,
  type Extension,
  Prec,
  type Transaction
} from '@codemirror/state';

import { isInPair, wholeCharacters } from '../text/characters.js';

/**
 * Makes every edit one of whole characters before the shared text gets it.
 *
 * CodeMirror describes what an input method changed by the UTF-16 units that differ: of 😀 that becomes 😁, the second
 * half.
 *
 * @param shared - The annotation of what comes from the shared text: that stays as it is, or the editor would show
 * another text.
 */
export function wholeSurrogates(shared: AnnotationType<unknown>): Extension {
  const filter = EditorState.transactionFilter.of(edit => {
    const changes = edit.docChanged && edit.annotation(shared) === undefined ? corrections(edit) : [];
    return changes.length > 0 ? [edit, { changes, sequential: true }] : edit;
  });
  // The first filter is asked last: it sees what the others made of the edit.
  return Prec.highest(filter);
}

/** What is to be changed after an edit, so that both together are of whole characters. */
function corrections(edit: Transaction): ChangeSpec[] {
  const changes: ChangeSpec[] = [];
  const { doc } = edit.startState;
  edit.changes.iterChanges((fromA, toA, fromB, toB, inserted) => {
    const first = Math.max(0, fromA - 1);
    const around = doc.sliceString(first, toA + 1);
    const insert = inserted.toString();
    const whole = wholeCharacters(around, fromA - first, toA - first, insert);
    const [start, end] = [first + whole.start, first + whole.end];
    if (start !== fromA || end !== toA || whole.insert !== insert) {
      // Pairs that were cut are written again whole.
      const from = fromA - (isInPair(around, fromA - first) ? 1 : 0);
      const to = toA + (isInPair(around, toA - first) ? 1 : 0);
      const text = doc.sliceString(from, start) + whole.insert + doc.sliceString(end, to);
      changes.push({ from: fromB - (fromA - from), to: toB + (to - toA), insert: text });
    }
  });
  return changes;
}
