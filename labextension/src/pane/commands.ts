import { CodeCell, MarkdownCell } from '@jupyterlab/cells';
import { NotebookActions } from '@jupyterlab/notebook';
import type { CellType } from '@jupyterlab/nbformat';
import type { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';

import type { Assist } from './assist.js';
import type { Execution } from './execution.js';
import type { NotebookView } from './notebook.js';
import { mergeCells, type Outcome, splitCell } from './splitmerge.js';

/** The prefix of the pane's commands; what follows is the name of the notebook's command that does the same. */
export const PREFIX = 'jupyter-collab:';

/** What the commands act on, and what may be done there. */
export interface ICommandTarget {
  readonly notebook: NotebookView;
  readonly execution: Execution;
  readonly assist: Assist;

  /** Why cells cannot be edited here, or `null` if they can. */
  readonly whyNotEdit: string | null;

  /** Why cells cannot be added, moved or removed here, or `null` if they can. */
  readonly whyNotArrange: string | null;

  /** Why cells cannot be run here, or `null` if they can. */
  readonly whyNotRun: string | null;

  /** Tells the viewer why nothing happened. */
  announce(message: string): void;
}

/** What a command needs leave for; `run-all`: for running cells that may not be shown. */
type Needs = 'nothing' | 'edit' | 'arrange' | 'run' | 'run-all';

interface IAction {
  readonly label: string;
  readonly needs: Needs;
  readonly run: (notebook: NotebookView, target: ICommandTarget) => void;
}

/**
 * The commands of one pane: the notebook's actions, under names of ours, with what the viewer may do checked
 * first.
 */
export function createCommands(target: ICommandTarget, trans: TranslationBundle): CommandRegistry {
  const commands = new CommandRegistry();
  for (const [name, action] of Object.entries(actions(trans))) {
    commands.addCommand(PREFIX + name, {
      label: action.label,
      isEnabled: args => args.isMenu !== true || whyNot(target, action.needs) === null,
      execute: () => {
        const refusal = whyNot(target, action.needs);
        if (refusal === null) {
          target.notebook.keepFocus(() => action.run(target.notebook, target));
        } else {
          target.announce(refusal);
        }
      }
    });
  }
  return commands;
}

function whyNot(target: ICommandTarget, needs: Needs): string | null {
  switch (needs) {
    case 'nothing':
      return null;
    case 'edit':
      return target.whyNotEdit;
    case 'arrange':
      return target.whyNotEdit ?? target.whyNotArrange;
    case 'run':
      return target.whyNotRun;
    case 'run-all':
      return target.whyNotRun ?? target.whyNotArrange;
  }
}

function actions(trans: TranslationBundle): Record<string, IAction> {
  const does = (needs: Needs, label: string, run: IAction['run']): IAction => ({ needs, label, run });
  const runs = (needs: Needs, label: string, run: (execution: Execution) => Promise<unknown>): IAction =>
    does(needs, label, (_, target) => void run(target.execution));
  const merges =
    (neighbour: 'above' | 'below'): IAction['run'] =>
    (notebook, target) =>
      tell(mergeCells(notebook, neighbour), trans.__('A cell is read-only and cannot be merged.'), target);
  return {
    'enter-edit-mode': does('nothing', trans.__('Enter Edit Mode'), notebook => {
      notebook.mode = 'edit';
    }),
    'enter-command-mode': does('nothing', trans.__('Enter Command Mode'), notebook => {
      notebook.mode = 'command';
    }),
    'move-cursor-up': does('nothing', trans.__('Select Cell Above'), n => NotebookActions.selectAbove(n)),
    'move-cursor-down': does('nothing', trans.__('Select Cell Below'), n => NotebookActions.selectBelow(n)),
    'extend-marked-cells-above': does('nothing', trans.__('Extend Selection Above'), notebook =>
      NotebookActions.extendSelectionAbove(notebook)
    ),
    'extend-marked-cells-below': does('nothing', trans.__('Extend Selection Below'), notebook =>
      NotebookActions.extendSelectionBelow(notebook)
    ),
    'extend-marked-cells-top': does('nothing', trans.__('Extend Selection to Top'), notebook =>
      NotebookActions.extendSelectionAbove(notebook, true)
    ),
    'extend-marked-cells-bottom': does('nothing', trans.__('Extend Selection to Bottom'), notebook =>
      NotebookActions.extendSelectionBelow(notebook, true)
    ),
    'select-all': does('nothing', trans.__('Select All Cells'), n => NotebookActions.selectAll(n)),
    'copy-cell': does('nothing', trans.__('Copy Cell'), n => NotebookActions.copy(n)),
    'run-cell': does('nothing', trans.__('Run Cell'), runSelected),
    'run-cell-and-select-next': does('nothing', trans.__('Run Cell and Select Below'), runAndAdvance),
    'run-cell-and-insert-below': does('nothing', trans.__('Run Cell and Insert Below'), (notebook, target) => {
      runSelected(notebook, target);
      if (whyNot(target, 'arrange') === null) {
        insertAndEdit(notebook);
      }
    }),
    'run-all-cells': runs('run-all', trans.__('Run All Cells'), execution => execution.runRange('all')),
    'run-all-above': runs('run-all', trans.__('Run All Above'), execution => execution.runRange('above')),
    'run-all-below': runs('run-all', trans.__('Run This and All Below'), execution => execution.runRange('below')),
    'cancel-runs': runs('run', trans.__('Cancel What Waits'), execution => execution.cancel()),
    'interrupt-kernel': runs('run', trans.__('Interrupt'), execution => execution.interrupt()),
    'restart-kernel': runs('run', trans.__('Restart the Kernel…'), execution => execution.restart()),
    'restart-run-all': runs('run-all', trans.__('Restart and Run All…'), execution => execution.restartAndRunAll()),
    'shutdown-kernel': runs('run', trans.__('Shut Down the Kernel…'), execution => execution.stop()),
    'invoke-completer': does('nothing', trans.__('Complete'), (_, { assist }) => assist.complete()),
    'select-completion': does('nothing', trans.__('Take the Completion'), (_, { assist }) => assist.select()),
    'dismiss-completions': does('nothing', trans.__('Close the Completions'), (_, { assist }) => assist.dismiss()),
    inspect: does('run', trans.__('Show Documentation'), (_, { assist }) => void assist.inspect()),
    'insert-cell-above': does('arrange', trans.__('Insert Cell Above'), n => NotebookActions.insertAbove(n)),
    'insert-cell-below': does('arrange', trans.__('Insert Cell Below'), n => NotebookActions.insertBelow(n)),
    'insert-code-cell': does('arrange', trans.__('Add Code Cell'), notebook => {
      insertAndEdit(notebook);
    }),
    'insert-markdown-cell': does('arrange', trans.__('Add Text Cell'), notebook => {
      NotebookActions.insertBelow(notebook);
      NotebookActions.changeCellType(notebook, 'markdown');
      notebook.mode = 'edit';
    }),
    'delete-cell': does('arrange', trans.__('Delete Cells'), n => NotebookActions.deleteCells(n)),
    'cut-cell': does('arrange', trans.__('Cut Cells'), n => NotebookActions.cut(n)),
    'paste-cell-above': does('arrange', trans.__('Paste Cells Above'), n => NotebookActions.paste(n, 'above')),
    'paste-cell-below': does('arrange', trans.__('Paste Cells Below'), n => NotebookActions.paste(n, 'below')),
    'duplicate-below': does('arrange', trans.__('Duplicate Cells'), n => NotebookActions.duplicate(n, 'belowSelected')),
    undo: does('edit', trans.__('Undo'), undo),
    redo: does('edit', trans.__('Redo'), redo),
    'undo-cell-action': does('arrange', trans.__('Undo Cell Operation'), n => NotebookActions.undo(n)),
    'redo-cell-action': does('arrange', trans.__('Redo Cell Operation'), n => NotebookActions.redo(n)),
    'split-cell-at-cursor': does('arrange', trans.__('Split Cell'), (notebook, target) =>
      tell(splitCell(notebook), trans.__('The cell is read-only and cannot be split.'), target)
    ),
    'merge-cells': does('arrange', trans.__('Merge Selected Cells'), merges('below')),
    'merge-cell-above': does('arrange', trans.__('Merge Cell Above'), merges('above')),
    'merge-cell-below': does('arrange', trans.__('Merge Cell Below'), merges('below')),
    'move-cell-up': does('arrange', trans.__('Move Cell Up'), n => NotebookActions.moveUp(n)),
    'move-cell-down': does('arrange', trans.__('Move Cell Down'), n => NotebookActions.moveDown(n)),
    'clear-cell-output': does('edit', trans.__('Clear Cell Output'), clearOutputs),
    'change-cell-to-code': does('edit', trans.__('Change to Code Cell'), n => changeType(n, 'code')),
    'change-cell-to-markdown': does('edit', trans.__('Change to Text Cell'), n => changeType(n, 'markdown')),
    'change-cell-to-raw': does('edit', trans.__('Change to Raw Cell'), n => changeType(n, 'raw')),
    ...Object.fromEntries(
      [1, 2, 3, 4, 5, 6].map(level => [
        `change-cell-to-heading-${level}`,
        does('edit', trans.__('Change to Heading %1', level), n => NotebookActions.setMarkdownHeader(n, level))
      ])
    )
  };
}

function tell(outcome: Outcome, refusal: string, target: ICommandTarget): void {
  if (outcome === 'read-only') {
    target.announce(refusal);
  }
}

function changeType(notebook: NotebookView, type: CellType): void {
  NotebookActions.changeCellType(notebook, type);
}

/** Renders the selected text cells, and asks for the code cells to be run. */
function runSelected(notebook: NotebookView, target: ICommandTarget): void {
  const code: string[] = [];
  for (const cell of notebook.selectedCells) {
    if (cell instanceof MarkdownCell) {
      cell.rendered = true;
    } else if (cell instanceof CodeCell) {
      code.push(cell.model.id);
    }
  }
  notebook.mode = 'command';
  const refusal = target.whyNotRun;
  if (code.length > 0 && refusal === null) {
    void target.execution.run(code);
  } else if (code.length > 0 && refusal !== null) {
    target.announce(refusal);
  }
}

function runAndAdvance(notebook: NotebookView, target: ICommandTarget): void {
  runSelected(notebook, target);
  if (notebook.activeCellIndex < notebook.widgets.length - 1) {
    NotebookActions.selectBelow(notebook);
  } else if (whyNot(target, 'arrange') === null) {
    insertAndEdit(notebook);
  }
}

function insertAndEdit(notebook: NotebookView): void {
  NotebookActions.insertBelow(notebook);
  notebook.mode = 'edit';
}

/** Takes back what was typed in the active cell or, if there is nothing, what was done to cells. */
function undo(notebook: NotebookView): void {
  const cell = notebook.activeCell?.model.sharedModel;
  if (cell?.canUndo()) {
    cell.undo();
  } else if (notebook.mode === 'command') {
    NotebookActions.undo(notebook);
  }
}

function redo(notebook: NotebookView): void {
  const cell = notebook.activeCell?.model.sharedModel;
  if (cell?.canRedo()) {
    cell.redo();
  } else if (notebook.mode === 'command') {
    NotebookActions.redo(notebook);
  }
}

/** As the notebook's action, which would also call the cells trusted. */
function clearOutputs(notebook: NotebookView): void {
  const selected = new Set(notebook.selectedCells.map(cell => cell.model.id));
  const shared = notebook.model?.sharedModel;
  shared?.transact(() => {
    for (const cell of shared.cells) {
      if ('setOutputs' in cell && selected.has(cell.getId())) {
        cell.setOutputs([]);
        cell.execution_count = null;
      }
    }
  });
}
