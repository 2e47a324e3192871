import type { IDisposable } from '@lumino/disposable';

/** Runs an action at once, and then at most once in every interval; the last request is never lost. */
export class Pacer implements IDisposable {
  /**
   * @param _action What to run.
   * @param _intervalMs The least time between two runs, in milliseconds.
   */
  constructor(
    private readonly _action: () => void,
    private readonly _intervalMs: number
  ) {}

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Run the action now or, if it ran just now, as soon as it may. */
  request(): void {
    if (this._isDisposed) {
      return;
    }
    if (this._timer === null) {
      this._run();
    } else {
      this._requested = true;
    }
  }

  /** Forget what was requested; the next request runs at once. */
  cancel(): void {
    if (this._timer !== null) {
      clearTimeout(this._timer);
    }
    this._timer = null;
    this._requested = false;
  }

  dispose(): void {
    this.cancel();
    this._isDisposed = true;
  }

  private _run(): void {
    this._timer = setTimeout(() => {
      this._timer = null;
      if (this._requested) {
        this._requested = false;
        this._run();
      }
    }, this._intervalMs);
    this._action();
  }

  private _timer: ReturnType<typeof setTimeout> | null = null;
  private _requested = false;
  private _isDisposed = false;
}
