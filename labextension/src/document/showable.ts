/** What of outputs and attachments JupyterLab can show: what others put into a document may be anything. */
import type { CellChange, Delta } from '@jupyter/ydoc';
import type { IAttachments, IOutput } from '@jupyterlab/nbformat';
import * as Y from 'yjs';

/** The type of what stands for an output that is none; its value says what is wrong with it. */
export const ODD_OUTPUT = 'application/vnd.jupyter-collab.odd-output';

/** Why an output cannot be shown. */
export type Oddity = 'output' | 'type' | 'text' | 'data' | 'error';

/** An output as it is, or what stands for it. */
export function showableOutput(output: unknown): IOutput {
  const oddity = oddityOf(output);
  return oddity === null
    ? (output as IOutput)
    : { output_type: 'display_data', data: { [ODD_OUTPUT]: oddity }, metadata: {} };
}

/** Those attachments that are some; `undefined` if there are none. */
export function showableAttachments(attachments: unknown): IAttachments | undefined {
  if (!isMap(attachments)) {
    return undefined;
  }
  return Object.fromEntries(Object.entries(attachments).filter(([, bundle]) => isMap(bundle))) as IAttachments;
}

/**
 * What changed of a cell, for models that know only outputs which can be shown.
 *
 * @param changes - What JupyterLab would make of the events.
 * @param events - All events of the cell.
 * @param outputs - The outputs in the document, as they are now.
 */
export function showableChanges(
  changes: Partial<CellChange>,
  events: readonly Y.YEvent<Y.AbstractType<unknown>>[],
  outputs: Y.Array<unknown>
): Partial<CellChange> {
  // The values themselves, whatever the type says.
  const delta = changes.outputsChange as Delta<unknown[]> | undefined;
  const sum = (count: (part: Delta<unknown[]>[number]) => number): number =>
    (delta ?? []).reduce((total, part) => total + count(part), 0);
  const last = outputs.length - sum(({ insert }) => insert?.length ?? 0) - 1;
  const inner = events.filter(({ path }) => path[0] === 'outputs' && path.length > 1);
  if (inner.every(event => isTextOf(event, last, outputs))) {
    return delta === undefined ? changes : withOutputs(changes, delta);
  }
  // More than the models can have: of several outputs they make one.
  const gone = outputs.length + sum(part => part.delete ?? 0);
  return { ...withOutputs(changes, [{ delete: gone }, { insert: outputs.toArray() }]), streamOutputChange: undefined };
}

function withOutputs(changes: Partial<CellChange>, delta: Delta<unknown[]>): Partial<CellChange> {
  const outputsChange = delta.map(({ insert, ...rest }) => (insert ? { insert: insert.map(shown) } : rest));
  return { ...changes, outputsChange: outputsChange as unknown as CellChange['outputsChange'] };
}

/** JupyterLab's models take the text of the last output to be what changes. */
function isTextOf(event: Y.YEvent<Y.AbstractType<unknown>>, last: number, outputs: Y.Array<unknown>): boolean {
  const isText = event.path.length === 3 && event.path[1] === last && event.path[2] === 'text';
  return isText && shown(outputs.get(last)).output_type === 'stream';
}

function shown(output: unknown): IOutput {
  return showableOutput(output instanceof Y.AbstractType ? output.toJSON() : output);
}

function oddityOf(output: unknown): Oddity | null {
  if (!isMap(output)) {
    return 'output';
  }
  switch (output.output_type) {
    case 'stream':
      return isText(output.text) ? null : 'text';
    case 'display_data':
    case 'execute_result':
      return isMap(output.data) ? null : 'data';
    case 'error':
      return isLines(output.traceback) ? null : 'error';
    default:
      return 'type';
  }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' || isLines(value);
}

function isLines(value: unknown): boolean {
  return Array.isArray(value) && value.every(line => typeof line === 'string');
}
