import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { NotebookPanel, StaticNotebook } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator } from '@jupyterlab/translation';
import { Token } from '@lumino/coreutils';

import { roomExtensions } from '../editor/extensions.js';
import { BrowserPersistence } from '../keep/indexeddb.js';
import { NoPersistence, type IPersistence, type IPersistenceFactory } from '../keep/persistence.js';
import type { ILanguage } from '../pane/languages.js';
import { RoomPane } from '../pane/pane.js';
import { labServer } from '../rest/labserver.js';
import { RoomsApi } from '../rest/roomsapi.js';
import { RoomManager, type RoomHandle } from '../rooms/manager.js';
import type { Role } from '../wire/protocol.js';
import { languagesOf } from './rooms.js';
import { followSettings, PLUGIN_ID } from './settings.js';

/** What every home of a pane in this page shares. */
export interface ICollab {
  readonly api: RoomsApi;

  /** The languages that the server has kernels for, that of its default kernel first. */
  languages(): ILanguage[];

  /** Joins a room, which one is in as long as one holds the handle. */
  join(roomId: string): RoomHandle;

  /** Joins a room and shows it. The room is left when the pane is disposed of. */
  createPane(roomId: string, options?: IPaneOptions): RoomPane;
}

export interface IPaneOptions {
  /** A lower role than one has: to look and not touch. */
  readonly role?: Role;
  /** The only cell to show: its id, or its index when the room is first shown. */
  readonly cell?: number | string;
  /** Whether the pane is part of a text, rather than a box that scrolls. */
  readonly embedded?: boolean;
}

export const ICollab = new Token<ICollab>('jupyter-collab:ICollab', 'Joins and shows rooms.');

/** Joins rooms, once a page for each. */
export const collabPlugin: JupyterFrontEndPlugin<ICollab> = {
  id: PLUGIN_ID,
  description: 'Joins shared rooms and shows them.',
  autoStart: true,
  provides: ICollab,
  requires: [IRenderMimeRegistry, NotebookPanel.IContentFactory, IEditorServices, IEditorExtensionRegistry],
  optional: [ITranslator, ISettingRegistry],
  activate: async (
    app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    contentFactory: NotebookPanel.IContentFactory,
    editorServices: IEditorServices,
    editorExtensions: IEditorExtensionRegistry,
    translator: ITranslator | null,
    settings: ISettingRegistry | null
  ) => {
    roomExtensions.forEach(extension => editorExtensions.addExtension(extension));
    const server = labServer(app.serviceManager.serverSettings);
    const api = new RoomsApi(server);
    const persistence = new ChosenPersistence(settings);
    await persistence.ready;
    const manager = new RoomManager({ server, persistence });
    const editorConfig = new EditorConfig(settings);
    const languages = (): ILanguage[] => languagesOf(app.serviceManager.kernelspecs.specs);
    const createPane = (roomId: string, options: IPaneOptions = {}): RoomPane => {
      const handle = manager.acquire(roomId, { role: options.role });
      const pane = new RoomPane({
        room: handle.room,
        api,
        rendermime,
        contentFactory,
        mimeTypeService: editorServices.mimeTypeService,
        editorConfig: editorConfig.value,
        translator: translator ?? undefined,
        cell: options.cell,
        pageCommands: app.commands,
        languages: languages(),
        embedded: options.embedded
      });
      pane.disposed.connect(() => handle.dispose());
      return pane;
    };
    const join = (roomId: string): RoomHandle => manager.acquire(roomId);
    return { api, languages, join, createPane };
  }
};

/** Keeps rooms where the viewer wants them to be kept at the time: in the browser or nowhere. */
class ChosenPersistence implements IPersistenceFactory {
  constructor(settings: ISettingRegistry | null) {
    this.ready = followSettings(settings, ({ keepOffline }) => {
      this._isKept = keepOffline;
    });
  }

  /** The viewer's choice is known. */
  readonly ready: Promise<void>;

  open(room: string): IPersistence {
    return (this._isKept ? this._browser : this._nowhere).open(room);
  }

  private _isKept = true;
  private readonly _browser = new BrowserPersistence();
  private readonly _nowhere = new NoPersistence();
}

/** How the viewer wants the editors of notebooks to be. */
class EditorConfig {
  value = StaticNotebook.defaultEditorConfig;

  constructor(registry: ISettingRegistry | null) {
    const id = '@jupyterlab/notebook-extension:tracker';
    registry?.load(id).then(
      settings => {
        this._read(settings);
        settings.changed.connect(this._read, this);
      },
      () => {
        // A page without notebooks has no such settings: the defaults stand.
      }
    );
  }

  private _read(settings: ISettingRegistry.ISettings): void {
    const { code, markdown, raw } = StaticNotebook.defaultEditorConfig;
    this.value = {
      code: { ...code, ...(settings.get('codeCellConfig').composite as object) },
      markdown: { ...markdown, ...(settings.get('markdownCellConfig').composite as object) },
      raw: { ...raw, ...(settings.get('rawCellConfig').composite as object) }
    };
  }
}
