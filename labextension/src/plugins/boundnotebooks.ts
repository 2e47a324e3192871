import type { YNotebook } from '@jupyter/ydoc';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal, type ISignal } from '@lumino/signaling';

import { NotebookBinder } from '../bind/binder.js';
import { BoundCellsView } from '../bind/boundcells.js';
import { BoundEditors } from '../bind/boundeditors.js';
import { SharedTexts } from '../bind/sharedtexts.js';
import type { Lease } from '../rooms/leases.js';
import type { RoomHandle } from '../rooms/manager.js';
import type { Room } from '../rooms/room.js';

/** The notebooks of this page, each with its binder, however often it is shown. */
export class BoundNotebooks {
  constructor(private readonly _options: BoundNotebooks.IOptions) {}

  /** A binding of any notebook is another. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The binder of a shown notebook; `null` as long as it is being loaded. */
  binderOf(panel: NotebookPanel): NotebookBinder | null {
    return this._binders.get(panel.context)?.binder ?? null;
  }

  /** Binds the cells of a notebook that say so, from when it is loaded until its last view is closed. */
  follow(panel: NotebookPanel): void {
    new SharedTexts(panel.content, this._options.trans);
    void panel.context.ready.then(() => {
      if (!panel.isDisposed) {
        this._add(panel);
      }
    });
  }

  private _add(panel: NotebookPanel): void {
    const { context } = panel;
    const shared = this._binders.get(context) ?? this._make(context);
    shared.users += 1;
    new BoundCellsView(panel.content, shared.binder, this._options.openRoom, this._options.trans);
    panel.disposed.connect(() => {
      shared.users -= 1;
      if (shared.users === 0) {
        this._binders.delete(context);
        context.saveState.disconnect(shared.onSave);
        shared.editors.dispose();
        shared.binder.dispose();
      }
    });
  }

  private _make(context: NotebookPanel['context']): IShared {
    const notebook = context.model.sharedModel as YNotebook;
    const key = (): string => `notebook:${notebook.getState('document_id') ?? context.path}`;
    const takeTurns = context.model.collaborative ? (room: Room): Lease => room.lease(key()) : undefined;
    const binder = new NotebookBinder({ notebook, join: this._options.join, takeTurns });
    const onSave = (_: unknown, state: string): void => {
      if (state === 'started') {
        binder.noteSaved();
      }
    };
    context.saveState.connect(onSave);
    binder.changed.connect(() => this._changed.emit());
    const shared = { binder, editors: new BoundEditors(binder, this._options.trans), onSave, users: 0 };
    this._binders.set(context, shared);
    return shared;
  }

  private readonly _binders = new Map<NotebookPanel['context'], IShared>();
  private readonly _changed = new Signal<this, void>(this);
}

interface IShared {
  readonly binder: NotebookBinder;
  readonly editors: BoundEditors;
  readonly onSave: (sender: unknown, state: string) => void;
  users: number;
}

export namespace BoundNotebooks {
  export interface IOptions {
    readonly join: (room: string) => RoomHandle;
    /** Shows a room. */
    readonly openRoom: (room: string) => void;
    readonly trans: TranslationBundle;
  }
}
