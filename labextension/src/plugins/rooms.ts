import { Dialog, InputDialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { ServiceManager } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal, type ISignal } from '@lumino/signaling';
import { UUID } from '@lumino/coreutils';

import type { ILanguage } from '../pane/languages.js';
import type { RoomsApi, INewRoom, RoomKind } from '../rest/roomsapi.js';
import { loudly } from './loudly.js';

/** What one does to rooms in JupyterLab: each asks what is to be asked, does it, and says that it is done. */
export interface IRooms {
  readonly api: RoomsApi;

  /** Emitted when the list of rooms is another one, as far as this page knows. */
  readonly changed: ISignal<IRooms, void>;

  open(id: string): void;

  /** Makes a room and opens it. */
  create(kind: RoomKind): Promise<void>;

  rename(id: string, title: string): Promise<void>;

  /** Puts a room into the bin. */
  remove(id: string, title: string): Promise<void>;

  restore(id: string): Promise<void>;

  /** Deletes a room from the bin for good. */
  purge(id: string, title: string): Promise<void>;
}

/** See `IRooms`. Its methods reject with an error whose message is for people. */
export class Rooms implements IRooms {
  /**
   * @param languages - What the server has kernels for, the default one first.
   * @param open - Shows a room.
   */
  constructor(
    readonly api: RoomsApi,
    private readonly _languages: () => readonly ILanguage[],
    readonly open: (id: string) => void,
    private readonly _trans: TranslationBundle
  ) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  async create(kind: RoomKind): Promise<void> {
    const room = await this.api.create(this._newRoom(kind));
    this._changed.emit();
    this.open(room.id);
  }

  async rename(id: string, title: string): Promise<void> {
    const trans = this._trans;
    const { value } = await InputDialog.getText({
      title: trans.__('Rename the room'),
      label: trans.__('Title'),
      text: title,
      okLabel: trans.__('Rename')
    });
    const wanted = value?.trim() ?? '';
    if (wanted !== '' && wanted !== title) {
      await this.api.rename(id, wanted);
      this._changed.emit();
    }
  }

  async remove(id: string, title: string): Promise<void> {
    await this.api.remove(id);
    this._changed.emit();
    const undo = { label: this._trans.__('Undo'), callback: () => void loudly(this.restore(id)) };
    Notification.info(this._trans.__('“%1” is in the bin', title), { actions: [undo], autoClose: 8000 });
  }

  async restore(id: string): Promise<void> {
    await this.api.restore(id);
    this._changed.emit();
  }

  async purge(id: string, title: string): Promise<void> {
    const trans = this._trans;
    const result = await showDialog({
      title: trans.__('Delete “%1” for good?', title),
      body: trans.__('Its cells and its history are gone then, for everyone.'),
      buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Delete') })],
      defaultButton: 0
    });
    if (result.button.accept) {
      await this.api.remove(id, true);
      this._changed.emit();
    }
  }

  private _newRoom(kind: RoomKind): INewRoom {
    const trans = this._trans;
    const cell = { id: UUID.uuid4(), metadata: {}, source: '' };
    if (kind === 'note') {
      const cells = [{ ...cell, cell_type: 'markdown' }];
      return { title: trans.__('New note'), content: notebook(cells, {}) };
    }
    const cells = [{ ...cell, cell_type: 'code', outputs: [], execution_count: null }];
    return { title: trans.__('New notebook'), content: notebook(cells, metadataOf(this._languages()[0])) };
  }

  private readonly _changed = new Signal<this, void>(this);
}

function notebook(cells: object[], metadata: object): object {
  return { nbformat: 4, nbformat_minor: 5, metadata, cells };
}

function metadataOf(language: ILanguage | undefined): object {
  if (language === undefined) {
    return {};
  }
  const { name, kernel } = language;
  const spec = kernel && { name: kernel.name, display_name: kernel.displayName, language: name };
  return { language_info: { name }, ...(spec && { kernelspec: spec }) };
}

/** The languages that a server has kernels for, that of its default kernel first; one kernel for each. */
export function languagesOf(specs: ServiceManager.IManager['kernelspecs']['specs']): ILanguage[] {
  const all = Object.values(specs?.kernelspecs ?? {}).flatMap(spec => (spec ? [spec] : []));
  all.sort((a, b) => Number(b.name === specs?.default) - Number(a.name === specs?.default));
  const languages = new Map<string, ILanguage>();
  for (const { name, display_name: displayName, language } of all) {
    const key = language.toLowerCase();
    if (!languages.has(key)) {
      const label = language.charAt(0).toUpperCase() + language.slice(1);
      languages.set(key, { name: language, label, kernel: { name, displayName } });
    }
  }
  return [...languages.values()];
}
