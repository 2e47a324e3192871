import type { ISharedCodeCell } from '@jupyter/ydoc';
import type { CodeCell } from '@jupyterlab/cells';

/**
 * Makes a cell of JupyterLab one that only shows what runs.
 *
 * JupyterLab's cell is made to be run by the page that shows it: it notes in the document that it is idle as soon as it
 * has a number, and writes back what its own outputs say. Here the server writes all that, and a viewer may not.
 *
 * @param isDue - Whether the cell runs or waits to be run.
 */
export function followRuns(cell: CodeCell, isDue: () => boolean): void {
  const shared = cell.model.sharedModel as ISharedCodeCell;
  const nothing = (): void => {
    // The server has written it already.
  };
  Object.assign(shared, {
    updateOutputs: nothing,
    appendStreamOutput: nothing,
    removeStreamOutput: nothing,
    clearOutputs: nothing
  });
  Object.defineProperty(cell.model, 'executionState', {
    configurable: true,
    get: () => (isDue() ? 'running' : 'idle'),
    set: nothing
  });
  showPrompt(cell);
}

/** Shows a star before a cell that is to run, else its number. */
export function showPrompt(cell: CodeCell): void {
  const { executionState, executionCount } = cell.model;
  cell.setPrompt(executionState === 'running' ? '*' : `${executionCount ?? ''}`);
}
