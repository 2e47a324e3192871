import { CodeCell } from '@jupyterlab/cells';
import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Room } from '../rooms/room.js';
import { messageOf } from '../ui/errors.js';
import { askToRun, AskedCells } from './asked.js';
import type { NotebookView } from './notebook.js';

/** The pane whose cells are run. */
export interface IExecutionHost {
  readonly room: Room;
  readonly notebook: NotebookView;

  /** Tells the viewer why nothing happened. */
  announce(message: string): void;
}

/** Cells of the notebook that are run together; `above` and `below` count from the active cell, which is below. */
export type RunRange = 'all' | 'above' | 'below';

/** What the viewer does with the room's kernel. Whether they may is asked before; what goes wrong they are told. */
export class Execution {
  constructor(
    private readonly _host: IExecutionHost,
    private readonly _trans: TranslationBundle
  ) {}

  /**
   * Runs cells, once all that was typed into them is on the server; in the order in which they were asked for.
   *
   * What is run is what the viewer sees: if others edit a cell before the server has heard of it, nothing is.
   */
  run(cells: readonly string[]): Promise<void> {
    const asked = new AskedCells(this._host.room.sharedModel, cells);
    this._last = this._last.then(() => this._try(() => this._run(asked))).finally(() => asked.dispose());
    return this._last;
  }

  runRange(range: RunRange): Promise<void> {
    const { widgets, activeCellIndex } = this._host.notebook;
    const isIn = {
      all: () => true,
      above: (index: number) => index < activeCellIndex,
      below: (index: number) => index >= activeCellIndex
    }[range];
    const cells = widgets.filter((cell, index) => cell instanceof CodeCell && isIn(index));
    return this.run(cells.map(cell => cell.model.id));
  }

  interrupt(): Promise<void> {
    return this._try(() => this._host.room.kernelApi.interrupt());
  }

  /** Starts the kernel anew, if the viewer is sure, and says whether it did. */
  async restart(): Promise<boolean> {
    const trans = this._trans;
    const result = await showDialog({
      title: trans.__('Restart the kernel of this room?'),
      body: trans.__('All variables are lost, for everyone in this room, and what waits is not run.'),
      buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Restart') })]
    });
    return result.button.accept && this._succeeds(() => this._host.room.kernelApi.restart());
  }

  async restartAndRunAll(): Promise<void> {
    if (await this.restart()) {
      await this.runRange('all');
    }
  }

  /** Takes back what waits. */
  cancel(): Promise<void> {
    return this._try(() => this._host.room.kernelApi.cancel());
  }

  /** Ends the kernel, if the viewer is sure. */
  async stop(): Promise<void> {
    const trans = this._trans;
    const result = await showDialog({
      title: trans.__('Shut down the kernel of this room?'),
      body: trans.__('All variables are lost, for everyone in this room. Running a cell starts a new kernel.'),
      buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Shut Down') })]
    });
    if (result.button.accept) {
      await this._try(() => this._host.room.kernelApi.stop());
    }
  }

  /** Gives the room another kernel; answers whether it has it. */
  choose(name: string): Promise<boolean> {
    return this._succeeds(() => this._host.room.kernelApi.choose(name));
  }

  /** Gives a run the line that it waits for. */
  answer(run: number, value: string): Promise<boolean> {
    return this._succeeds(() => this._host.room.kernelApi.answer(run, value));
  }

  private async _run(asked: AskedCells): Promise<void> {
    const { room } = this._host;
    const outcome = await askToRun(room, asked);
    if (outcome === 'changed') {
      this._host.announce(
        this._trans.__('A cell was changed while you pressed Run, so nothing was run. Look at it, and run it again.')
      );
    } else if (outcome === 'not-saved' && !room.isDisposed) {
      this._host.announce(this._trans.__('Nothing was run: your last edits have not reached the server.'));
    }
  }

  private async _try(action: () => Promise<unknown>): Promise<void> {
    await this._succeeds(action);
  }

  private async _succeeds(action: () => Promise<unknown>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      this._host.announce(messageOf(error));
      return false;
    }
  }

  private _last = Promise.resolve();
}
