import { CodeCell } from '@jupyterlab/cells';
import type { CodeEditor } from '@jupyterlab/codeeditor';
import { CodeMirrorEditor } from '@jupyterlab/codemirror';
import {
  Completer,
  CompletionHandler,
  ContextCompleterProvider,
  ProviderReconciliator,
  type ICompletionProvider
} from '@jupyterlab/completer';
import { Text } from '@jupyterlab/coreutils';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { Tooltip } from '@jupyterlab/tooltip';
import type { IDisposable } from '@lumino/disposable';
import { Widget } from '@lumino/widgets';

import type { Room } from '../rooms/room.js';
import { messageOf } from '../ui/errors.js';
import { followedBy, SharedCompleterModel } from './completermodel.js';
import type { NotebookView } from './notebook.js';

/** How long one waits for the kernel before the words of the cell are shown alone; its first answer takes seconds. */
const TIMEOUT_MS = 10_000;

/** The pane in which one types. */
export interface IAssistHost {
  readonly room: Room;
  readonly notebook: NotebookView;
  readonly whyNotRun: string | null;

  /** Tells the viewer why nothing happened. */
  announce(message: string): void;
}

/** What the room's kernel knows of the code that one types: how it goes on, and what it means. */
export class Assist implements IDisposable {
  constructor(
    private readonly _host: IAssistHost,
    private readonly _rendermime: IRenderMimeRegistry
  ) {
    const completer = new Completer({ editor: null, model: this._model });
    completer.hide();
    Widget.attach(completer, document.body);
    this._handler = new CompletionHandler({ completer, reconciliator: this._reconciliator(null) });
    _host.notebook.activeCellChanged.connect(this._follow, this);
    _host.notebook.stateChanged.connect(this._follow, this);
  }

  get isDisposed(): boolean {
    return this._handler.isDisposed;
  }

  /** Shows how the text before the cursor may go on. */
  complete(): void {
    this._handler.invoke();
  }

  /** Takes the completion that is marked. */
  select(): void {
    this._handler.completer.selectActive();
  }

  /** Shows no completions. */
  dismiss(): void {
    this._handler.completer.reset();
  }

  /** Shows what the kernel knows of what is under the cursor. */
  async inspect(): Promise<void> {
    const { room, notebook } = this._host;
    const editor = notebook.activeCell?.editor;
    if (!editor) {
      return;
    }
    const code = editor.model.sharedModel.getSource();
    const offset = editor.getOffsetAt(editor.getCursorPosition());
    try {
      const found = await room.kernelApi.inspect(code, Text.jsIndexToCharIndex(offset, code));
      const isThere = (): boolean => editor.hasFocus() && editor.getOffsetAt(editor.getCursorPosition()) === offset;
      if (found.found && !this.isDisposed && isThere()) {
        this._showTooltip(editor, found.data);
      }
    } catch (error) {
      this._host.announce(messageOf(error));
    }
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._host.notebook.activeCellChanged.disconnect(this._follow, this);
      this._host.notebook.stateChanged.disconnect(this._follow, this);
      this._tooltip?.dispose();
      this._handler.editor = null;
      const { completer } = this._handler;
      this._handler.dispose();
      completer.dispose();
    }
  }

  private _follow(): void {
    const cell = this._host.notebook.activeCell;
    const editor = cell instanceof CodeCell ? cell.editor : null;
    if (!this.isDisposed && editor !== this._handler.editor) {
      this._handler.reconciliator = this._reconciliator(editor);
      this._handler.editor = editor;
      this._letFollow(editor);
    }
  }

  private _letFollow(editor: CodeEditor.IEditor | null): void {
    if (editor instanceof CodeMirrorEditor && !this._followed.has(editor)) {
      this._followed.add(editor);
      // A cell may become the active one while its editor takes in a change, and takes nothing else meanwhile.
      queueMicrotask(() => {
        if (!this.isDisposed && !editor.isDisposed) {
          editor.injectExtension(followedBy(this._handler.completer, this._model));
        }
      });
    }
  }

  private _reconciliator(editor: CodeEditor.IEditor | null): ProviderReconciliator {
    return new ProviderReconciliator({
      context: { widget: this._host.notebook, editor },
      providers: [this._provider(), new ContextCompleterProvider()],
      timeout: TIMEOUT_MS
    });
  }

  private _provider(): ICompletionProvider {
    const { _host: host } = this;
    return {
      identifier: 'jupyter-collab:room-kernel',
      rank: 550,
      isApplicable: () => Promise.resolve(host.whyNotRun === null && host.room.kernel?.kernel?.status === 'idle'),
      fetch: async ({ text, offset }) => {
        // The handler counts characters, as kernels do.
        const reply = await host.room.kernelApi.complete(text, offset);
        const types = reply.metadata._jupyter_types_experimental ?? [];
        const items = reply.matches.map((label, index) => ({ label, type: types[index]?.type }));
        return { start: reply.cursor_start, end: reply.cursor_end, items };
      }
    };
  }

  private _showTooltip(editor: CodeEditor.IEditor, bundle: Record<string, string>): void {
    this._tooltip?.dispose();
    const tooltip = new Tooltip({ anchor: this._host.notebook, bundle, editor, rendermime: this._rendermime });
    this._tooltip = tooltip;
    Widget.attach(tooltip, document.body);
    // The pane's own keys do not get as far as the tooltip, which is to go with the next one.
    const close = (): void => tooltip.dispose();
    window.addEventListener('keydown', close, { capture: true, once: true });
    tooltip.disposed.connect(() => window.removeEventListener('keydown', close, true));
  }

  private readonly _model = new SharedCompleterModel();
  private readonly _followed = new WeakSet<CodeEditor.IEditor>();
  private readonly _handler: CompletionHandler;
  private _tooltip: Tooltip | null = null;
}
