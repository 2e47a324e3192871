import { YNotebook } from '@jupyter/ydoc';
import type { INotebookMetadata } from '@jupyterlab/nbformat';
import type { PartialJSONValue } from '@lumino/coreutils';
import * as Y from 'yjs';

/** JupyterLab's shared notebook, for a document whose metadata may be anything: what is no map is like an empty one. */
export class AnyNotebook extends YNotebook {
  override getMetadata(): INotebookMetadata;
  override getMetadata(key: string): PartialJSONValue | undefined;
  override getMetadata(key?: string): INotebookMetadata | PartialJSONValue | undefined {
    if (!this._hasMetadata) {
      return key === undefined ? {} : undefined;
    }
    return key === undefined ? super.getMetadata() : super.getMetadata(key);
  }

  override setMetadata(metadata: INotebookMetadata): void;
  override setMetadata(metadata: string, value: PartialJSONValue): void;
  override setMetadata(metadata: INotebookMetadata | string, value?: PartialJSONValue): void {
    this._mend();
    if (typeof metadata === 'string') {
      super.setMetadata(metadata, value as PartialJSONValue);
    } else {
      super.setMetadata(metadata);
    }
  }

  override updateMetadata(value: Partial<INotebookMetadata>): void {
    this._mend();
    super.updateMetadata(value);
  }

  private get _hasMetadata(): boolean {
    return this.ymeta.get('metadata') instanceof Y.Map;
  }

  /** Gives the notebook metadata again, now that somebody sets some. */
  private _mend(): void {
    if (this.ymeta.has('metadata') && !this._hasMetadata) {
      this.transact(() => this.ymeta.set('metadata', new Y.Map()), false);
    }
  }
}
