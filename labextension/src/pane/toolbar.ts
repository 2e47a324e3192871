import type { CellType } from '@jupyterlab/nbformat';
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  addIcon,
  deleteIcon,
  moveDownIcon,
  moveUpIcon,
  redoIcon,
  undoIcon,
  type LabIcon
} from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';

import { button, element, setDisabled } from '../ui/dom.js';
import { PREFIX } from './commands.js';

/** The buttons over the cells: what one needs where there is no keyboard. */
export class Toolbar {
  readonly node: HTMLElement;

  constructor(
    private readonly _commands: CommandRegistry,
    private readonly _trans: TranslationBundle
  ) {
    const trans = _trans;
    this.node = element('div', 'jc-Toolbar', { role: 'group', 'aria-label': trans.__('Cells') });
    this._addText('insert-code-cell', trans.__('Code'), trans.__('Add a code cell below'));
    this._addText('insert-markdown-cell', trans.__('Text'), trans.__('Add a text cell below'));
    this._add('move-cell-up', trans.__('Move cell up'), moveUpIcon);
    this._add('move-cell-down', trans.__('Move cell down'), moveDownIcon);
    this._add('delete-cell', trans.__('Delete cell'), deleteIcon);
    this._add('undo-cell-action', trans.__('Undo adding, moving or deleting cells'), undoIcon);
    this._add('redo-cell-action', trans.__('Redo'), redoIcon);
    this._type = this._typeSelect();
    this.node.append(this._type);
  }

  /** Shows the type of the active cell. */
  set cellType(type: CellType | null) {
    this._type.value = type ?? '';
  }

  /**
   * @param whyNotEdit - Why cells cannot be edited, or `null` if they can.
   * @param whyNotArrange - Why they cannot be added, moved or removed, or `null` if they can. This holds for as long
   *   as the pane, so that the buttons for it need not be there.
   */
  allow(whyNotEdit: string | null, whyNotArrange: string | null): void {
    for (const [control, title] of this._buttons) {
      setDisabled(control, whyNotEdit, title);
      control.hidden = whyNotArrange !== null;
    }
    setDisabled(this._type, whyNotEdit, this._trans.__('Type of the cell'));
  }

  private _add(command: string, title: string, icon: LabIcon): void {
    this._place(command, title, button({ label: title, icon, onClick: () => this._execute(command) }));
  }

  private _addText(command: string, label: string, title: string): void {
    const control = button({ label, className: 'jc-mod-add', onClick: () => this._execute(command) });
    control.prepend(addIcon.element({ tag: 'span' }));
    control.setAttribute('aria-label', title);
    this._place(command, title, control);
  }

  private _place(command: string, title: string, control: HTMLButtonElement): void {
    control.title = title;
    control.dataset.command = command;
    this._buttons.set(control, title);
    this.node.append(control);
  }

  private _execute(command: string): void {
    void this._commands.execute(PREFIX + command);
  }

  private _typeSelect(): HTMLSelectElement {
    const trans = this._trans;
    const types: [CellType, string][] = [
      ['code', trans.__('Code')],
      ['markdown', trans.__('Text')],
      ['raw', trans.__('Raw')]
    ];
    const options = types.map(([value, label]) => element('option', '', { value }, label));
    const select = element('select', 'jc-CellType', { 'aria-label': trans.__('Type of the cell') }, ...options);
    select.addEventListener('change', () => void this._commands.execute(`${PREFIX}change-cell-to-${select.value}`));
    return select;
  }

  private readonly _buttons = new Map<HTMLButtonElement, string>();
  private readonly _type: HTMLSelectElement;
}
