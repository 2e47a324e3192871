import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon, closeIcon, refreshIcon, runIcon, stopIcon, type LabIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';

import { button, element, setText } from '../ui/dom.js';
import type { IKernelState, IQueuedRun } from '../wire/protocol.js';
import { PREFIX } from './commands.js';

const MENU = [
  ['run-all-cells', 'run-all-above', 'run-all-below'],
  ['interrupt-kernel', 'restart-kernel', 'restart-run-all', 'shutdown-kernel']
] as const;

/** The buttons that run cells, what the room's kernel does, and how much waits for it. */
export class KernelBar {
  readonly node: HTMLElement;

  /** What went wrong last, to be placed where it is seen. */
  readonly message: HTMLElement;

  constructor(
    private readonly _commands: CommandRegistry,
    private readonly _trans: TranslationBundle
  ) {
    const trans = _trans;
    this.node = element('div', 'jc-KernelBar', { role: 'group', 'aria-label': trans.__('Kernel') });
    this._menu = this._makeMenu();
    this._add('run-cell-and-select-next', trans.__('Run this cell (Shift Enter)'), runIcon);
    this._add('interrupt-kernel', trans.__('Interrupt the kernel'), stopIcon);
    this._add('restart-kernel', trans.__('Restart the kernel'), refreshIcon);
    const more = button({
      label: trans.__('Run more cells, and the kernel'),
      icon: caretDownIcon,
      onClick: () => {
        const { left, bottom } = more.getBoundingClientRect();
        this._menu.open(left, bottom);
      }
    });
    more.setAttribute('aria-haspopup', 'menu');
    this._cancel = button({ label: '', className: 'jc-KernelBar-queue', onClick: () => this._execute('cancel-runs') });
    this._buttons.set(this._cancel, trans.__('Cancel what waits'));
    this._status = element('span', 'jc-KernelStatus');
    this.node.append(more, this._cancel, this._status);
    const dismiss = button({ label: trans.__('Dismiss'), icon: closeIcon, onClick: () => this._dismiss() });
    this.message = element('div', 'jc-KernelMessage', { hidden: '' }, this._words, dismiss);
  }

  /** @param whyNotRun - Why the viewer cannot run cells, or `null` if they can. */
  allow(whyNotRun: string | null): void {
    for (const [control, title] of this._buttons) {
      // It can still be pressed: then it says why not, to those who cannot point at it, too.
      control.setAttribute('aria-disabled', `${whyNotRun !== null}`);
      control.title = whyNotRun ?? title;
    }
  }

  /** @param state - What the server said last. */
  show(state: IKernelState | null): void {
    this._showStatus(state);
    const waiting = countWaiting(state?.queue ?? []);
    this._cancel.hidden = waiting === 0;
    setText(this._cancel, this._trans.__('%1 waiting', waiting));
    this._showMessage(state?.message ?? null);
  }

  dispose(): void {
    this._menu.dispose();
  }

  private _showStatus(state: IKernelState | null): void {
    const trans = this._trans;
    const words: Readonly<Record<string, string>> = {
      starting: trans.__('Starting'),
      idle: trans.__('Idle'),
      busy: trans.__('Busy'),
      restarting: trans.__('Restarting'),
      dead: trans.__('Dead'),
      none: trans.__('Not running')
    };
    const status = state?.kernel?.status ?? 'none';
    const text = words[status] ?? status;
    const name = state?.kernel?.display_name;
    this._status.dataset.status = status;
    this._status.title = name === undefined ? trans.__('The first run starts the kernel') : `${name}: ${text}`;
    setText(this._status, text);
  }

  private _showMessage(message: string | null): void {
    if (message !== this._told) {
      this._told = message;
      this.message.hidden = message === null;
      this._words.textContent = message ?? '';
    }
  }

  private _dismiss(): void {
    this.message.hidden = true;
  }

  private _makeMenu(): Menu {
    const menu = new Menu({ commands: this._commands });
    MENU.forEach((group, index) => {
      if (index > 0) {
        menu.addItem({ type: 'separator' });
      }
      group.forEach(name => menu.addItem({ command: PREFIX + name, args: { isMenu: true } }));
    });
    return menu;
  }

  private _add(command: string, title: string, icon: LabIcon): void {
    const control = button({ label: title, icon, onClick: () => this._execute(command) });
    control.dataset.command = command;
    this._buttons.set(control, title);
    this.node.append(control);
  }

  private _execute(command: string): void {
    void this._commands.execute(PREFIX + command);
  }

  private readonly _menu: Menu;
  private readonly _buttons = new Map<HTMLButtonElement, string>();
  private readonly _cancel: HTMLButtonElement;
  private readonly _status: HTMLElement;
  private readonly _words = element('span', '', { role: 'alert' });
  private _told: string | null = null;
}

/** How many runs wait for another one; one that is about to begin would only flicker. */
function countWaiting(queue: readonly IQueuedRun[]): number {
  const waiting = queue.filter(run => run.state === 'queued').length;
  return waiting < queue.length ? waiting : 0;
}
