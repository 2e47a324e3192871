import type { Cell } from '@jupyterlab/cells';
import { OutputArea, OutputAreaModel } from '@jupyterlab/outputarea';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import { runIcon, stopIcon } from '@jupyterlab/ui-components';
import { PanelLayout, Widget } from '@lumino/widgets';

import { languageOf } from '../pane/languages.js';
import type { RoomPane } from '../pane/pane.js';
import { button, element, setDisabled, setText } from '../ui/dom.js';

/** The notebook around a widget, as the one in it needs to know it. */
export interface IHost {
  /** Its kernel, if it has one now. */
  readonly kernel: Kernel.IKernelConnection | null;
  /** Shows outputs as the notebook's own cells do. */
  readonly rendermime: IRenderMimeRegistry;
}

/**
 * Runs the cell that a pane shows in the kernel of the notebook around it, and shows below the pane what comes of it.
 *
 * It is an ordinary request of the notebook's, so that it waits its turn, can ask for input, and may use `await`. What
 * runs is the text that is shown when the button is pressed. It has nothing to do with the room's kernel: nobody else
 * sees the outputs.
 */
export class OwnKernelRuns extends Widget {
  constructor(
    private readonly _pane: RoomPane,
    private readonly _host: IHost,
    translator: ITranslator
  ) {
    super();
    this.addClass('jc-OwnKernel');
    const trans = (this._trans = translator.load('jupyter_collab'));
    this._run = button({ label: trans.__('Run here'), className: 'jc-mod-accept', onClick: () => void this.run() });
    this._run.prepend(runIcon.element({ tag: 'span' }));
    this._interrupt = button({
      label: trans.__('Interrupt this notebook’s kernel'),
      icon: stopIcon,
      onClick: () => void this._kernel?.interrupt()
    });
    this._hint = element('span', 'jc-OwnKernel-hint');
    this._state = element('span', 'jc-OwnKernel-state', { role: 'status' });
    const bar = element(
      'div',
      'jc-OwnKernel-bar',
      { role: 'group', 'aria-label': trans.__('Run in the kernel of this notebook') },
      this._run,
      this._interrupt,
      this._state,
      this._hint
    );
    this._outputs = new OutputArea({
      model: new OutputAreaModel({ trusted: true }),
      rendermime: _host.rendermime,
      translator
    });
    const layout = (this.layout = new PanelLayout());
    layout.addWidget(new Widget({ node: bar }));
    layout.addWidget(this._outputs);
    const { notebook, room } = _pane;
    notebook.activeCellChanged.connect(this._refresh, this);
    notebook.modelContentChanged.connect(this._refresh, this);
    // The pane, which was made first, has its cells by the time that these tell.
    room.sharedModelChanged.connect(this._refresh, this);
    const refresh = (): void => this._refresh();
    room.ready.then(refresh, refresh);
    refresh();
  }

  /** Runs the cell, and returns when it is done; it does nothing if it cannot be run. */
  async run(): Promise<void> {
    const [kernel, cell] = [this._kernel, this._cell];
    if (this._whyNot() !== null || kernel === null || cell === null) {
      return;
    }
    const trans = this._trans;
    const number = this._pane.notebook.widgets.indexOf(cell) + 1;
    this._isRunning = true;
    this._say(trans.__('Cell %1 runs in this notebook’s kernel…', number), 'running');
    try {
      const future = kernel.requestExecute({ code: cell.model.sharedModel.getSource(), stop_on_error: true });
      this._outputs.future = future;
      const { content } = await future.done;
      this._say(...this._outcome(content, number));
    } catch {
      this._say(trans.__('This notebook’s kernel stopped before cell %1 was done', number), 'error');
    } finally {
      this._isRunning = false;
      this._refresh();
    }
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._follow(null);
    const { model } = this._outputs;
    super.dispose();
    model.dispose();
  }

  private _outcome(reply: KernelMessage.IExecuteReplyMsg['content'], number: number): [string, string] {
    const trans = this._trans;
    return reply.status === 'ok'
      ? [trans.__('Cell %1 was run in this notebook’s kernel', number), 'ok']
      : [trans.__('Cell %1 failed in this notebook’s kernel', number), 'error'];
  }

  /** The cell that would be run. */
  private get _cell(): Cell | null {
    const { notebook } = this._pane;
    return notebook.onlyCell === null ? notebook.activeCell : notebook.cellById(notebook.onlyCell);
  }

  /** Why nothing can be run now, or `null` if it can. */
  private _whyNot(): string | null {
    const [kernel, cell, trans] = [this._kernel, this._cell, this._trans];
    if (kernel === null || kernel.isDisposed || kernel.status === 'dead') {
      return trans.__('This notebook has no kernel that runs');
    }
    if (!this._pane.isDocumentShown || cell === null) {
      return trans.__('There is no cell to run yet');
    }
    if (cell.model.type !== 'code') {
      return trans.__('This cell is no code');
    }
    const language = languageOf(this._pane.room.sharedModel);
    if (language !== '' && this._language !== '' && language.toLowerCase() !== this._language.toLowerCase()) {
      return trans.__('This cell is %1, and the kernel of this notebook is %2', language, this._language);
    }
    return kernel.status === 'idle' && !this._isRunning ? null : trans.__('The kernel of this notebook is busy');
  }

  private _refresh(): void {
    if (this.isDisposed) {
      return;
    }
    this._follow(this._host.kernel);
    const why = this._whyNot();
    setDisabled(this._run, why, this._trans.__('Run this cell in the kernel of this notebook, with its variables'));
    this._interrupt.hidden = !this._isRunning;
    this._hint.hidden = this._isRunning || (why === null && this._state.dataset.state !== undefined);
    // It is asked after every change of any cell.
    setText(this._hint, why ?? this._trans.__('in the kernel of this notebook, for you alone'));
  }

  private _say(text: string, state: string): void {
    this._state.textContent = text;
    this._state.dataset.state = state;
    this._refresh();
  }

  /** Follows the state of this kernel, and of no other. */
  private _follow(kernel: Kernel.IKernelConnection | null): void {
    if (kernel === this._kernel) {
      return;
    }
    this._kernel?.statusChanged.disconnect(this._refresh, this);
    this._kernel = kernel;
    this._language = '';
    kernel?.statusChanged.connect(this._refresh, this);
    kernel?.info.then(
      info => {
        if (kernel === this._kernel) {
          this._language = info.language_info.name;
          this._refresh();
        }
      },
      () => {
        // A kernel that ends before it says what it speaks: its status tells.
      }
    );
  }

  private readonly _trans: TranslationBundle;
  private readonly _run: HTMLButtonElement;
  private readonly _interrupt: HTMLButtonElement;
  private readonly _hint: HTMLElement;
  private readonly _state: HTMLElement;
  private readonly _outputs: OutputArea;
  private _kernel: Kernel.IKernelConnection | null = null;
  private _language = '';
  private _isRunning = false;
}
