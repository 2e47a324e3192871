import { CodeMirrorEditor, StateCommands } from '@jupyterlab/codemirror';
import { addIcon, runIcon, undoIcon, type LabIcon } from '@jupyterlab/ui-components';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { PREFIX } from '../lib/pane/commands.js';
import type { RoomPane } from '../lib/pane/pane.js';
import { button, element } from '../lib/ui/dom.js';
import type { Capability } from '../lib/wire/protocol.js';
import { trans } from './words.js';

/** What a phone's keyboard lacks, in a bar above it. */
export class TouchBar implements IDisposable {
  readonly node: HTMLElement;

  constructor(private readonly _pane: RoomPane) {
    this.node = element('div', 'jc-TouchBar', { role: 'toolbar', 'aria-label': trans.__('Keys') });
    this._add('run', trans.__('Run this cell'), runIcon, () => this._execute('run-cell'));
    this._add('edit', trans.__('Add a code cell below'), addIcon, () => this._execute('insert-code-cell'));
    const tab = this._add('edit', trans.__('Tab: complete or indent'), trans.__('Tab'), () => this._tab());
    this._add('edit', trans.__('Undo'), undoIcon, () => this._execute('undo'));
    const escape = this._add('edit', trans.__('Escape: stop typing'), trans.__('Esc'), () => this._escape());
    this._keys = [tab, escape];
    _pane.room.statusChanged.connect(this._showRights, this);
    _pane.room.roleChanged.connect(this._showRights, this);
    void _pane.room.ready.then(() => this._showRights());
    this._showRights();
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
    Signal.disconnectReceiver(this);
  }

  /** Offers what the viewer may do here: all of it until that is known, and nothing to who is not let in. */
  private _showRights(): void {
    const { room, whyNotEdit, whyNotRun } = this._pane;
    const isIn = room.status.kind !== 'refused';
    for (const { control, needs, label } of this._controls) {
      const whyNot = needs === 'run' ? whyNotRun : whyNotEdit;
      control.hidden = !isIn || (room.role !== null && !room.capabilities.has(needs));
      control.setAttribute('aria-disabled', `${whyNot !== null}`);
      control.title = whyNot ?? label;
    }
    this.node.hidden = this._controls.every(({ control }) => control.hidden);
  }

  private _add(needs: Capability, label: string, face: LabIcon | string, onClick: () => void): HTMLButtonElement {
    const control = button(typeof face === 'string' ? { label: face, onClick } : { label, icon: face, onClick });
    control.setAttribute('aria-label', label);
    this.node.append(control);
    this._controls.push({ control, needs, label });
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

  private readonly _controls: { control: HTMLButtonElement; needs: Capability; label: string }[] = [];
  private readonly _keys: readonly HTMLElement[];
  private _isDisposed = false;
}
