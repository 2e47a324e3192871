import type * as Y from 'yjs';

/**
 * Lets edits of this page into a document only while they are allowed. Others are dropped whole, before they begin,
 * and what they would have returned is `undefined`.
 *
 * It stands where all models and editors begin their edits. What passes by it (a write to a Yjs type outside of any
 * transaction) is for the provider to notice.
 */
export function gateEdits(doc: Y.Doc, isAllowed: () => boolean): void {
  const transact = doc.transact.bind(doc);
  gates.set(doc, isAllowed);
  doc.transact = <T>(body: (transaction: Y.Transaction) => T, origin?: unknown): T =>
    isAllowed() ? transact(body, origin) : (undefined as T);
}

/** Whether this page may edit a document now; one without a gate belongs to this page alone. */
export function mayEdit(doc: Y.Doc): boolean {
  return gates.get(doc)?.() ?? true;
}

const gates = new WeakMap<Y.Doc, () => boolean>();
