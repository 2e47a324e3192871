import * as Y from 'yjs';

type StackItem = Y.UndoManager['undoStack'][number];

/** One thing that was done to cells here. */
export interface IIntention {
  /**
   * Take it back, unless somebody did something else since. What is done for that notes its own intentions.
   *
   * @returns Whether there was something to take back, though it may have been kept for a reason that was told.
   */
  undo(): boolean;
}

/** What was done to cells at once, as JupyterLab knows the steps of an undo manager. */
class Step implements StackItem {
  constructor(readonly intentions: readonly IIntention[]) {}

  readonly meta = new Map<unknown, unknown>();
  readonly insertions = Y.createDeleteSet();
  readonly deletions = Y.createDeleteSet();
}

/**
 * Undoes what was done to cells here, by what was meant: a cell that was moved goes back, and what others typed in it
 * since goes with it. For JupyterLab it is the notebook's undo manager, though it tracks no edits of the document.
 */
export class History extends Y.UndoManager {
  /**
   * @param _perform - Does something as one edit of the document, and says what was done to cells by it.
   */
  constructor(
    doc: Y.Doc,
    private readonly _perform: (act: () => void) => IIntention[]
  ) {
    super([], { doc, trackedOrigins: new Set() });
  }

  /** Something was done, which ends what could be done again. */
  push(intentions: readonly IIntention[]): void {
    if (intentions.length > 0) {
      this.redoStack = [];
      this._add(new Step(intentions), 'undo');
    }
  }

  override undo(): StackItem | null {
    return this._pop('undo');
  }

  override redo(): StackItem | null {
    return this._pop('redo');
  }

  /** Takes back the last step that has any effect. */
  private _pop(type: 'undo' | 'redo'): StackItem | null {
    const stack = type === 'undo' ? this.undoStack : this.redoStack;
    for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
      const backwards = [...(step as Step).intentions].reverse();
      let hadEffect = false;
      const done = this._perform(() => {
        hadEffect = backwards.filter(intention => intention.undo()).length > 0;
      });
      if (hadEffect) {
        if (done.length > 0) {
          this._add(new Step(done), type === 'undo' ? 'redo' : 'undo');
        }
        this.emit('stack-item-popped', [{ stackItem: step, type, origin: this, changedParentTypes: new Map() }, this]);
        return step;
      }
    }
    return null;
  }

  private _add(step: Step, type: 'undo' | 'redo'): void {
    (type === 'undo' ? this.undoStack : this.redoStack).push(step);
    this.emit('stack-item-added', [{ stackItem: step, type, origin: this, changedParentTypes: new Map() }, this]);
  }
}
