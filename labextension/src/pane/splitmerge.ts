/** Splitting and merging cells as JupyterLab's actions do, in all its versions, by the document's own means. */
import { MarkdownCell, type Cell } from '@jupyterlab/cells';

import type { NotebookView } from './notebook.js';

/** What came of it: `read-only` if nothing was done because a cell may not be edited. */
export type Outcome = 'done' | 'nothing' | 'read-only';

/** Splits the active cell at the caret, or at both ends of what is selected. The viewer goes on typing behind it. */
export function splitCell(notebook: NotebookView): Outcome {
  const { activeCell: cell, activeCellIndex: index, document } = notebook;
  if (cell === null || cell.editor === null || document === null) {
    return 'nothing';
  }
  if (isReadOnly(cell)) {
    return 'read-only';
  }
  const { editor } = cell;
  // Else a text cell that is shown as it looks would be split out of sight.
  notebook.mode = 'edit';
  notebook.deselectAll();
  const ranges = editor.getSelections().map(({ start, end }) => {
    return [editor.getOffsetAt(start), editor.getOffsetAt(end)].sort((a, b) => a - b);
  });
  const places = ranges.flatMap(([start, end]) => (start === end ? [start] : [start, end]));
  const [lastStart, lastEnd] = ranges[ranges.length - 1];
  document.splitCell(index, places);
  notebook.activeCellIndex = index + places.length - (lastStart === lastEnd ? 0 : 1);
  void notebook.type();
  return 'done';
}

/** Merges the selected cells into the active one; if only that is selected, it and its neighbour. */
export function mergeCells(notebook: NotebookView, neighbour: 'above' | 'below'): Outcome {
  const { activeCell, activeCellIndex: active, document, widgets } = notebook;
  const others = widgets.filter(cell => cell !== activeCell && notebook.isSelected(cell));
  const beside = widgets[active + (neighbour === 'above' ? -1 : 1)] as Cell | undefined;
  if (others.length === 0 && beside !== undefined) {
    others.push(beside);
  }
  if (activeCell === null || document === null || others.length === 0) {
    return 'nothing';
  }
  if ([activeCell, ...others].some(isReadOnly)) {
    return 'read-only';
  }
  const places = others.map(cell => widgets.indexOf(cell));
  notebook.deselectAll();
  document.mergeCells(active, places);
  if (activeCell instanceof MarkdownCell) {
    activeCell.rendered = false;
  }
  return 'done';
}

function isReadOnly(cell: Cell): boolean {
  return cell.model.getMetadata('editable') === false;
}
