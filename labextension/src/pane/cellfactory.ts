import { Cell, type CodeCell, type ICellModel, type MarkdownCell, type RawCell } from '@jupyterlab/cells';
import type { Notebook } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { Widget, type PanelLayout } from '@lumino/widgets';

import { showAttachedSvg } from '../render/attachments.js';
import { isolateTrusted } from '../render/isolation.js';
import { cellNote } from '../render/outputnotes.js';
import type { RoomTrust } from '../render/trust.js';

/**
 * Makes cells as the page does, each for itself: one that cannot be made or shown has its text and a note
 * instead. A notebook whose cells are not all made shows none, and waits with those after one that is not shown.
 */
export function cellFactory(
  page: Notebook.IContentFactory,
  trust: RoomTrust,
  trans: TranslationBundle
): Notebook.IContentFactory {
  const safely =
    <O extends Cell.IOptions<ICellModel>, C extends Cell>(make: (options: O) => C) =>
    (options: O): C => {
      try {
        const cell = make(options);
        guard(cell, trans);
        return cell;
      } catch (error) {
        return standIn(options, error, trans) as C;
      }
    };
  return Object.create(page, {
    createCodeCell: {
      value: safely((options: CodeCell.IOptions) => {
        isolateTrusted(options.model.outputs, trust);
        return page.createCodeCell(options);
      })
    },
    createMarkdownCell: {
      value: safely((options: MarkdownCell.IOptions) => {
        const rendermime = showAttachedSvg(options.rendermime, options.model.attachments);
        return page.createMarkdownCell({ ...options, rendermime });
      })
    },
    createRawCell: { value: safely((options: RawCell.IOptions) => page.createRawCell(options)) }
  }) as Notebook.IContentFactory;
}

/** What of a cell fills it, when it is to be seen, and brings it up to date. */
interface IFilled {
  initializeDOM(): void;
  onUpdateRequest(): void;
}

/** Keeps a cell that fails while it is filled from being anything but a note with its text. */
function guard(cell: Cell, trans: TranslationBundle): void {
  const filled = cell as unknown as IFilled;
  const fill = filled.initializeDOM.bind(cell);
  filled.initializeDOM = () => {
    try {
      fill();
    } catch (error) {
      const { widgets } = cell.layout as PanelLayout;
      [...widgets].forEach(part => part.hide());
      // Nothing is to be rendered into what is not there.
      Object.defineProperty(cell, 'rendered', { value: true, writable: true });
      filled.onUpdateRequest = () => undefined;
      addNote(cell, error, textOf(cell.model), trans);
    }
  };
}

/** A cell of the same model, which has nothing but a note and the text in its editor. */
function standIn(options: Cell.IOptions<ICellModel>, error: unknown, trans: TranslationBundle): Cell {
  const cell = new Cell(options);
  guard(cell, trans);
  void cell.ready.then(() => addNote(cell, error, null, trans));
  // What the notebook connects to.
  return Object.assign(cell, {
    outputArea: { inputRequested: new Signal(cell) },
    headingCollapsedChanged: new Signal(cell)
  });
}

function addNote(cell: Cell, error: unknown, text: HTMLElement | null, trans: TranslationBundle): void {
  (cell.layout as PanelLayout).addWidget(new Widget({ node: cellNote(error, text, trans) }));
}

/** The text of a cell, as it is and as it becomes. */
function textOf(model: ICellModel): HTMLElement {
  const node = document.createElement('pre');
  const write = (): void => {
    node.textContent = model.sharedModel.getSource();
  };
  model.contentChanged.connect(write);
  write();
  return node;
}
