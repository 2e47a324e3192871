/** Notebooks of several people, whose edits are exchanged by hand. */
import type { SharedCell } from '@jupyter/ydoc';
import * as Y from 'yjs';

import { RoomNotebook } from '../lib/document/roomnotebook.js';

/** One person's notebook, and what of the others' edits has not come yet. */
export class Page {
  constructor(
    readonly name: string,
    client: number
  ) {
    this.notebook.ydoc.clientID = client;
    this.notebook.author = name;
    this.notebook.ydoc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== REMOTE) {
        this.sent.push(update);
      }
    });
  }

  readonly notebook = new RoomNotebook();

  /** What was done here and has not been given to anybody. */
  readonly sent: Uint8Array[] = [];

  get ids(): string[] {
    return this.notebook.cells.map(cell => cell.id);
  }

  get texts(): string[] {
    return this.notebook.cells.map(cell => cell.getSource());
  }

  get types(): string[] {
    return this.notebook.cells.map(cell => cell.cell_type);
  }

  cell(id: string): RoomNotebook['cells'][number] {
    const cell = this.notebook.cells.find(candidate => candidate.id === id);
    if (cell === undefined) {
      throw new Error(`${this.name} has no cell ${id}`);
    }
    return cell;
  }

  index(id: string): number {
    return this.ids.indexOf(id);
  }

  /** Types at a place in a cell; at its end, if none is given. */
  type(id: string, text: string, at = Infinity): void {
    const cell = this.cell(id);
    const index = Math.min(at, cell.getSource().length);
    cell.updateSource(index, index, text);
  }

  /** Moves a cell to a place among the others, as dragging does. */
  move(id: string, to: number): void {
    this.notebook.moveCells(this.index(id), to);
  }

  /** Changes a cell's type as JupyterLab's action does. */
  retype(id: string, type: string): void {
    const { notebook } = this;
    const index = this.index(id);
    const raw = this.cell(id).toJSON();
    notebook.transact(() => {
      notebook.deleteCell(index);
      const { source, metadata } = raw;
      notebook.insertCell(index, { id, cell_type: type, source, metadata } as SharedCell.Cell);
    });
  }

  remove(id: string): void {
    this.notebook.deleteCell(this.index(id));
  }

  insert(index: number, id: string, source = ''): void {
    this.notebook.insertCell(index, { id, cell_type: 'code', source });
  }

  receive(update: Uint8Array): void {
    Y.applyUpdate(this.notebook.ydoc, update, REMOTE);
  }

  dispose(): void {
    this.notebook.dispose();
  }
}

const REMOTE = 'remote';

/** Notebooks with the same cells, which hold `cell` and their id. */
export function openPages(names: readonly string[], ids: readonly string[]): Page[] {
  const pages = names.map((name, index) => new Page(name, 1000 + index));
  const [first] = pages;
  const cells = ids.map(id => ({ id, cell_type: 'code', source: `cell ${id}`, metadata: {} }));
  first.notebook.fromJSON({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells });
  first.notebook.clearUndoHistory();
  exchange(pages);
  return pages;
}

/** Gives everybody what the others did, until nobody has anything left; in this order. */
export function exchange(pages: readonly Page[]): void {
  for (let round = pages.map(page => page.sent.splice(0)); round.some(sent => sent.length > 0);) {
    round.forEach((updates, from) => {
      for (const update of updates) {
        pages.forEach((page, to) => to !== from && page.receive(update));
      }
    });
    round = pages.map(page => page.sent.splice(0));
  }
}
