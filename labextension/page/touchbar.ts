import { CodeMirrorEditor, StateCommands } from '@jupyterlab/codemirror';
import { addIcon, runIcon, undoIcon, type LabIcon } from '@jupyterlab/ui-components';
import type { IDisposable } from '@lumino/disposable';

import { PREFIX } from '../lib/pane/commands.js';
import { button, element } from '../lib/pane/dom.js';
import type { RoomPane } from '../lib/pane/pane.js';
import { trans } from './words.js';

/** What a phone's keyboard lacks, in a bar above it. */
export class TouchBar implements IDisposable {
  readonly node: HTMLElement;

  constructor(private readonly _pane: RoomPane) {
    this.node = element('div', 'jc-TouchBar', { role: 'toolbar', 'aria-label': trans.__('Keys') });
    this._add(trans.__('Run this cell'), runIcon, () => this._execute('run-cell'));
    this._add(trans.__('Add a code cell below'), addIcon, () => this._execute('insert-code-cell'));
    const tab = this._add(trans.__('Tab: complete or indent'), trans.__('Tab'), () => this._tab());
    this._add(trans.__('Undo'), undoIcon, () => this._execute('undo'));
    const escape = this._add(trans.__('Escape: stop typing'), trans.__('Esc'), () => this._escape());
    this._keys = [tab, escape];
    // The keyboard stays where it is: a press must not take the focus out of the text.
    this.node.addEventListener('mousedown', event => event.preventDefault());
    window.addEventListener('pointerdown', this._onPress, true);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    window.removeEventListener('pointerdown', this._onPress, true);
  }

  private _add(label: string, face: LabIcon | string, onClick: () => void): HTMLButtonElement {
    const control = button(typeof face === 'string' ? { label: face, onClick } : { label, icon: face, onClick });
    control.title = label;
    control.setAttribute('aria-label', label);
    this.node.append(control);
    return control;
  }

  private _tab(): void {
    const editor = this._pane.notebook.activeCell?.editor;
    if (!(editor instanceof CodeMirrorEditor)) {
      return;
    }
    if (this._isCompleting) {
      return this._execute('select-completion');
    }
    const { classList } = editor.host;
    if (classList.contains('jp-mod-completer-enabled') && !classList.contains('jp-mod-at-line-beginning')) {
      this._execute('invoke-completer');
    } else {
      editor.execCommand(StateCommands.indentMoreOrInsertTab);
    }
  }

  private _escape(): void {
    this._execute(this._isCompleting ? 'dismiss-completions' : 'enter-command-mode');
  }

  private get _isCompleting(): boolean {
    return this._pane.notebook.node.querySelector('.jp-mod-completer-active') !== null;
  }

  private _execute(command: string): void {
    void this._pane.commands.execute(PREFIX + command);
  }

  /** The completer closes itself when something beside it is pressed; these two mean what it shows. */
  private readonly _onPress = (event: PointerEvent): void => {
    if (this._keys.some(key => event.target instanceof Node && key.contains(event.target))) {
      event.stopPropagation();
    }
  };

  private readonly _keys: readonly HTMLElement[];
  private _isDisposed = false;
}
