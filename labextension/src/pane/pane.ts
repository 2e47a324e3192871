import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { IEditorMimeTypeService } from '@jupyterlab/codeeditor';
import { NotebookModel, StaticNotebook, type Notebook } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { nullTranslator, type ITranslator, type TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { DisposableSet, type IDisposable } from '@lumino/disposable';
import type { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import { PanelLayout, Widget } from '@lumino/widgets';

import { showCarets } from '../editor/carets.js';
import { blobRendererFactory } from '../render/blob.js';
import { Loading } from '../render/loading.js';
import { RoomRenderMime, RoomTrust } from '../render/trust.js';
import type { RoomsApi } from '../rest/roomsapi.js';
import type { Room } from '../rooms/room.js';
import { Sharing } from '../share/sharing.js';
import { Assist } from './assist.js';
import { cellFactory } from './cellfactory.js';
import { CellPeople } from './cellpeople.js';
import { createCommands, type ICommandTarget } from './commands.js';
import { Execution } from './execution.js';
import { Header } from './header.js';
import { InputPrompt } from './inputprompt.js';
import { bindNotebookKeys, captureKeys } from './keys.js';
import type { ILanguage } from './languages.js';
import { addContextMenu } from './menu.js';
import { NotebookView } from './notebook.js';
import { Notices } from './notices.js';
import { refuseGifts } from './refusals.js';
import { RenderedTexts } from './renderedtexts.js';
import { RunInfos } from './runinfo.js';
import { keepSteady } from './steady.js';

/**
 * A room as one sees it: its title, the people in it, whether all is saved, and its cells, in JupyterLab's own
 * notebook widget.
 *
 * It is the same in every home: a tab of JupyterLab, the output of a cell, a page of its own. It neither joins nor
 * leaves the room.
 */
export class RoomPane extends Widget implements ICommandTarget {
  readonly notebook: NotebookView;
  readonly execution: Execution;
  readonly assist: Assist;

  /** What can be done here, under names that begin with `PREFIX`. */
  readonly commands: CommandRegistry;

  constructor(options: RoomPane.IOptions) {
    super();
    this.addClass('jc-Pane');
    this.toggleClass('jc-mod-embedded', options.embedded ?? false);
    this.room = options.room;
    this.trust = new RoomTrust(options.mayTrust ?? true);
    this._translator = options.translator ?? nullTranslator;
    this._trans = this._translator.load('jupyter_collab');
    this._only = options.cell ?? null;
    const loading = new Loading(() => this.room.kernelApi.blobUrl(''), this._trans, options.mayLoad);
    this._parts.add(loading.listen());
    const rendermime = new RoomRenderMime(options.rendermime, this.trust, loading, this._translator);
    rendermime.addFactory(
      blobRendererFactory(digest => this.room.kernelApi.blobUrl(digest), this._trans),
      0
    );
    this.notebook = this._createNotebook(options, rendermime);
    this.assist = new Assist(this, rendermime);
    this._parts.add(this.assist);
    this.execution = new Execution(this, this._trans);
    const commands = (this.commands = createCommands(this, this._trans));
    bindNotebookKeys(commands, options.pageCommands ?? null);
    this._parts.add(captureKeys(this.node, commands, options.embedded ?? false));
    this._parts.add(addContextMenu(this.notebook, commands));
    this._parts.add(refuseGifts(this));
    this._parts.add(new RenderedTexts(this.room, this.notebook));
    this._sharing = new Sharing(this.room, message => this.announce(message), this._trans);
    const { button: share } = this._sharing;
    this._header = new Header(this, options.api, commands, options.languages ?? [], share, this._trans);
    this._header.lead = options.lead ?? null;
    this._notices = new Notices(this, options.api, options.mayCreate ?? true, this._trans);
    this._parts.add(keepSteady(this.notebook.outerNode, this._notices.node));
    this._cellPeople = new CellPeople(this.notebook, this._trans);
    this._runInfos = new RunInfos(this.notebook, this._trans);
    const answer = (run: number, value: string): Promise<boolean> => this.execution.answer(run, value);
    this._inputPrompt = new InputPrompt(this.notebook, answer, this._trans);
    const layout = (this.layout = new PanelLayout());
    layout.addWidget(new Widget({ node: this._header.node }));
    layout.addWidget(new Widget({ node: this._sharing.notice }));
    layout.addWidget(new Widget({ node: this._notices.node }));
    layout.addWidget(this.notebook);
    this._follow();
  }

  readonly room: Room;

  /** The viewer's own decision whether outputs may run scripts here. */
  readonly trust: RoomTrust;

  get whyNotEdit(): string | null {
    const { room, _trans: trans } = this;
    if (!this._isShown) {
      return trans.__('The room is being joined');
    }
    if (room.status.kind === 'refused') {
      return trans.__('You are not in this room');
    }
    return room.status.readOnly
      ? trans.__('You may look, but not edit: your role here is “%1”', room.role ?? '')
      : null;
  }

  get whyNotArrange(): string | null {
    return this._only === null ? null : this._trans.__('Only one cell of the room is shown here');
  }

  get whyNotRun(): string | null {
    const { room, _trans: trans } = this;
    const { kind } = room.status;
    if (!this._isShown || kind === 'refused') {
      return this.whyNotEdit;
    }
    if (kind === 'offline' || kind === 'connecting') {
      return trans.__('There is no connection to the server, where the cells run');
    }
    return room.capabilities.has('run')
      ? null
      : trans.__('You may not run cells: your role here is “%1”', room.role ?? '');
  }

  /** Whether the one cell that was to be shown is not there. */
  get isCellGone(): boolean {
    return this._isShown && this._only !== null && this.notebook.cellById(this.notebook.onlyCell ?? '') === null;
  }

  /** Whether the document is shown, as far as this page has it. */
  get isDocumentShown(): boolean {
    return this._isShown;
  }

  announce(message: string): void {
    this._notices.announce(message);
  }

  /** Shows a cell and makes it the active one. */
  goTo(cellId: string): void {
    const cell = this.notebook.cellById(cellId);
    if (cell !== null && this._only === null) {
      void this.notebook.scrollToCell(cell, 'center');
    }
  }

  cellNumbers(ids: ReadonlySet<string>): Map<string, number> {
    const numbers = new Map<string, number>();
    this.notebook.widgets.forEach(({ model: { id } }, index) => ids.has(id) && numbers.set(id, index + 1));
    return numbers;
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    Signal.disconnectReceiver(this);
    if (!this.room.isDisposed) {
      this.room.setActiveCell(null);
    }
    this._parts.dispose();
    this._header.dispose();
    this._sharing.dispose();
    this._notices.dispose();
    this._runInfos.dispose();
    const model = this._model;
    super.dispose();
    model?.dispose();
    this._carets?.dispose();
  }

  protected override onActivateRequest(msg: Message): void {
    super.onActivateRequest(msg);
    this.notebook.activate();
  }

  private _createNotebook(options: RoomPane.IOptions, rendermime: IRenderMimeRegistry): NotebookView {
    const notebook = new NotebookView({
      rendermime,
      contentFactory: cellFactory(options.contentFactory, this.trust, this._trans),
      mimeTypeService: options.mimeTypeService,
      editorConfig: options.editorConfig ?? StaticNotebook.defaultEditorConfig,
      notebookConfig: {
        ...StaticNotebook.defaultNotebookConfig,
        // The one mode that JupyterLab has in all versions and that needs no scrolling box of its own.
        windowingMode: 'defer',
        scrollPastEnd: !(options.embedded ?? false),
        defaultCell: 'code'
      },
      translator: this._translator
    });
    notebook.canDrag = !(options.embedded ?? false);
    return notebook;
  }

  private _follow(): void {
    const { room, trust } = this;
    room.sharedModelChanged.connect(this._show, this);
    room.titleChanged.connect(this._showTitle, this);
    room.statusChanged.connect(this._showRights, this);
    room.roleChanged.connect(this._showRights, this);
    room.unsentChanged.connect(this._showUnsent, this);
    room.mendedChanged.connect(this._showMended, this);
    room.peopleChanged.connect(this._showPeople, this);
    room.kernelChanged.connect(this._showKernel, this);
    trust.changed.connect(this._show, this);
    trust.asked.connect(this._askTrust, this);
    this.notebook.activeCellChanged.connect(this._onActiveCell, this);
    this.node.addEventListener('focusin', () => this._onActiveCell());
    this._showAll();
    // If there is nothing to show the status says why.
    void room.ready.then(() => this._show());
  }

  /** Shows the room's document, which is another one after a new start of the room. */
  private _show(): void {
    if (this.isDisposed) {
      return;
    }
    const { notebook, room } = this;
    const place = { cell: notebook.activeCell?.model.id, scroll: notebook.outerNode.scrollTop };
    const { caret } = notebook;
    // In edit mode every cell that is made active on the way would be opened.
    notebook.mode = 'command';
    const [oldModel, oldCarets] = [this._model, this._carets];
    const { awareness } = room;
    const setCursor = room.setCursor.bind(room);
    this._carets = showCarets(room.sharedModel, { awareness, setCursor, trans: this._trans });
    this._model = new NotebookModel({
      sharedModel: room.sharedModel,
      collaborationEnabled: true,
      translator: this._translator
    });
    notebook.model = this._model;
    oldModel?.dispose();
    oldCarets?.dispose();
    this._model.cells.changed.connect(this._showCells, this);
    this._isShown = true;
    this._header.document = room.sharedModel;
    if (this._only !== null && notebook.onlyCell === null) {
      notebook.onlyCell = typeof this._only === 'string' ? this._only : (notebook.widgets[this._only]?.model.id ?? '');
    }
    const only = notebook.onlyCell;
    const active = notebook.widgets.findIndex(cell => cell.model.id === (only ?? place.cell));
    notebook.activeCellIndex = Math.max(active, 0);
    notebook.outerNode.scrollTop = place.scroll;
    // The cells above may be much shorter now.
    notebook.reveal();
    // In another cell one would not want what one types on.
    if (caret !== null && active !== -1) {
      void notebook.typeOn(caret);
    }
    this._showAll();
  }

  private _showAll(): void {
    this._showTitle();
    this._showMended();
    this._showRights();
    this._showPeople();
    this._showKernel();
    this._showCells();
  }

  private _showTitle(): void {
    this._header.showTitle();
  }

  /** Shows the room's status, and what the viewer may do. */
  private _showRights(): void {
    this.notebook.readOnly = this.whyNotEdit !== null;
    this._showNotebook();
    this._header.showRights();
    this._sharing.refresh();
    this._notices.refresh();
    this._showInput();
    void this._learnKernels();
  }

  private _showUnsent(): void {
    this._notices.showUnsent();
  }

  private _showMended(): void {
    this._notices.showMended();
  }

  /** Shows who is here and where: often, for somebody always moves. */
  private _showPeople(): void {
    this._header.showPeople();
    this._sharing.refresh();
    this._notices.announcePeople();
    this._cellPeople.show(this.room.people);
  }

  /** Shows what runs and what waits, at the cells of which that has changed. */
  private _showKernel(): void {
    this._header.showKernel();
    this._runInfos.show(this.room.kernel?.queue ?? []);
    this._showInput();
  }

  /** Shows what depends on which cells there are; what is shown at a cell comes with it. */
  private _showCells(): void {
    this._header.showCells();
    this._notices.refresh();
    this._showInput();
    this._showNotebook();
  }

  /** Shows the cells, if there are any for this viewer. */
  private _showNotebook(): void {
    const { room, notebook } = this;
    const isOut = room.status.kind === 'refused' && OUT.includes(room.status.reason ?? '');
    notebook.setHidden(!this._isShown || isOut || notebook.widgets.length === 0 || this.isCellGone);
  }

  private _showInput(): void {
    this._inputPrompt.show(this.room.kernel?.input ?? null, this.whyNotRun);
  }

  /** Asks once, as soon as there is a connection, which kernels the server has. */
  private async _learnKernels(): Promise<void> {
    if (this._knowsKernels || this.room.status.kind !== 'synced') {
      return;
    }
    this._knowsKernels = true;
    try {
      const { specs } = await this.room.kernelApi.get();
      if (!this.isDisposed) {
        this._header.kernels = specs;
      }
    } catch {
      // Until the next time there is only what the page knows to choose from.
      this._knowsKernels = false;
    }
  }

  private _onActiveCell(): void {
    if (this.isDisposed) {
      return;
    }
    this._header.showActiveCell();
    if (this.node.contains(document.activeElement)) {
      this.room.setActiveCell(this.notebook.activeCell?.model.id ?? null);
    }
  }

  private _askTrust(): void {
    const trans = this._trans;
    const body = trans.__(
      'Everyone who may write in this room can then run scripts in your Jupyter, as you. ' +
        'This counts for you alone, until you close the room.'
    );
    void showDialog({
      title: trans.__('Trust the content of other people in this room?'),
      body,
      buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Trust') })],
      defaultButton: 0
    }).then(result => {
      if (result.button.accept && !this.isDisposed) {
        this.trust.grant();
      }
    });
  }

  private readonly _header: Header;
  private readonly _sharing: Sharing;
  private readonly _notices: Notices;
  private readonly _cellPeople: CellPeople;
  private readonly _runInfos: RunInfos;
  private readonly _inputPrompt: InputPrompt;
  private readonly _parts = new DisposableSet();
  private readonly _translator: ITranslator;
  private readonly _trans: TranslationBundle;
  private readonly _only: number | string | null;
  private _model: NotebookModel | null = null;
  private _carets: IDisposable | null = null;
  private _isShown = false;
  private _knowsKernels = false;
}

/** Why somebody is refused who has no place in the room: they are shown no cells of it, not even as they were. */
const OUT = ['removed', 'not_a_member', 'session_ended'];

export namespace RoomPane {
  export interface IOptions {
    /** The room to show, joined by the caller. */
    readonly room: Room;
    readonly api: RoomsApi;
    readonly rendermime: IRenderMimeRegistry;
    readonly contentFactory: Notebook.IContentFactory;
    readonly mimeTypeService: IEditorMimeTypeService;
    readonly editorConfig?: StaticNotebook.IEditorConfig;
    readonly translator?: ITranslator;
    /** The only cell to show: its id, or its index when the room is first shown. It is followed where it moves. */
    readonly cell?: number | string;
    /** The commands of the page around, whose keys for notebooks are used here too. */
    readonly pageCommands?: CommandRegistry;
    /** The languages that the server has kernels for. */
    readonly languages?: readonly ILanguage[];
    /** Whether the pane is part of a text and as high as its cells, rather than a box that scrolls. */
    readonly embedded?: boolean;
    /** What stands before the title: where one came from. */
    readonly lead?: HTMLElement;
    /** Whether the viewer may decide to trust the room's outputs; else nothing in them ever runs. */
    readonly mayTrust?: boolean;
    /** Whether the viewer may have pictures of other hosts shown; else none ever is. */
    readonly mayLoad?: boolean;
    /** Whether the viewer is offered to make the room where there is none. */
    readonly mayCreate?: boolean;
  }
}
