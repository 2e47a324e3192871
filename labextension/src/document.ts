import { YNotebook, type SharedCell } from '@jupyter/ydoc';

/**
 * The shared document of a room: a notebook in which each editor undoes only what was typed in it, and which holds
 * nothing that is true for one viewer alone.
 *
 * JupyterLab's own actions write two such things into a notebook: that its cells are trusted, and that it has unsaved
 * changes. Here trust is each viewer's own decision, and an edit is saved when the server says so.
 */
export class RoomNotebook extends YNotebook {
  constructor() {
    super({ disableDocumentWideUndoRedo: true });
  }

  override get dirty(): boolean {
    return false;
  }
  override set dirty(_value: boolean) {
    // Every client would write it, and it would mean nothing to the others.
  }

  /** As in the base class; `trusted` is left out of the cells' metadata. */
  override insertCells(index: number, cells: SharedCell.Cell[]): ReturnType<YNotebook['insertCells']> {
    return super.insertCells(index, cells.map(withoutTrust));
  }
}

function withoutTrust<T extends SharedCell.Cell>(cell: T): T {
  if (cell.metadata === undefined || !('trusted' in cell.metadata)) {
    return cell;
  }
  const metadata = { ...cell.metadata };
  delete metadata.trusted;
  return { ...cell, metadata };
}
