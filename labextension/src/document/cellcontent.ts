/** What JupyterLab says that a cell is to have, put into a shared cell. */
import type { SharedCell } from '@jupyter/ydoc';
import type { IAttachments, IBaseCellMetadata, IOutput } from '@jupyterlab/nbformat';
import { JSONExt } from '@lumino/coreutils';

import type { RoomCell } from './cells.js';

/** Gives a cell metadata and outputs, but no trust. */
export function setContent(cell: RoomCell, content: SharedCell.Cell): void {
  const given = Object.entries((content.metadata ?? {}) as Record<string, unknown>);
  const metadata = Object.fromEntries(given.filter(([key]) => key !== 'trusted'));
  for (const key of Object.keys(cell.getMetadata())) {
    if (!(key in metadata)) {
      cell.deleteMetadata(key);
    }
  }
  cell.setMetadata(metadata as Partial<IBaseCellMetadata>);
  if (cell.cell_type !== 'code' && 'attachments' in content && content.attachments !== undefined) {
    cell.setAttachments(content.attachments as IAttachments);
  }
  if (cell.cell_type === 'code') {
    const outputs = (('outputs' in content ? content.outputs : null) ?? []) as IOutput[];
    if (!JSONExt.deepEqual(cell.getOutputs(), outputs)) {
      cell.setOutputs(outputs.map(joinLines));
    }
  }
}

/** Takes the outputs of a code cell away. */
export function clearOutputs(cell: RoomCell): void {
  if (cell.cell_type === 'code') {
    cell.clearOutputs();
    cell.execution_count = null;
  }
}

/** A source as one text. */
export function toText(source: string | readonly string[] | undefined): string {
  return typeof source === 'string' ? source : (source ?? []).join('');
}

/** An output whose text is one piece. */
function joinLines(output: IOutput): IOutput {
  return Array.isArray(output.text) ? { ...output, text: output.text.join('') } : output;
}
