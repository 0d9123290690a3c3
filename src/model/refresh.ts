import { PromiseDelegate } from '@lumino/coreutils';
import { IDisposable } from '@lumino/disposable';

/**
 * Collects requests to refresh parts of a model and does them together.
 *
 * A pass begins when no request has come for `delay` milliseconds, and at the
 * latest `patience` milliseconds after the first: cells that run one after the
 * other share their server with what a pass asks of it. There is never more
 * than one pass at a time.
 */
export class RefreshQueue<T extends string> implements IDisposable {
  constructor(options: RefreshQueue.IOptions<T>) {
    this._refresh = options.refresh;
    this._delay = options.delay ?? 100;
    this._patience = Math.max(options.patience ?? 800, this._delay);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    clearTimeout(this._timer);
    this._wanted.clear();
    this._pending?.resolve();
    this._pending = null;
  }

  /**
   * Ask for parts to be refreshed.
   *
   * @returns A promise that resolves after the pass that holds these parts;
   * it does not reject, errors are the affair of the refresh function.
   */
  request(...parts: T[]): Promise<void> {
    if (this._isDisposed) {
      return Promise.resolve();
    }
    parts.forEach(part => this._wanted.add(part));
    this._pending ??= new PromiseDelegate<void>();
    this._schedule();
    return this._pending.promise;
  }

  private _schedule(): void {
    if (this._running) {
      return;
    }
    if (this._timer === undefined) {
      this._latest = Date.now() + this._patience;
    }
    clearTimeout(this._timer);
    const wait = Math.min(this._delay, this._latest - Date.now());
    this._timer = setTimeout(() => void this._run(), Math.max(wait, 0));
  }

  private async _run(): Promise<void> {
    const parts = new Set(this._wanted);
    const pending = this._pending;
    this._timer = undefined;
    this._wanted.clear();
    this._pending = null;
    this._running = true;
    try {
      await this._refresh(parts);
    } catch (reason) {
      console.error('nbtrail: a refresh failed.', reason);
    }
    this._running = false;
    pending?.resolve();
    if (this._wanted.size > 0 && !this._isDisposed) {
      this._schedule();
    }
  }

  private readonly _delay: number;
  private _isDisposed = false;
  private _latest = 0;
  private readonly _patience: number;
  private _pending: PromiseDelegate<void> | null = null;
  private readonly _refresh: (parts: ReadonlySet<T>) => Promise<void>;
  private _running = false;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private readonly _wanted = new Set<T>();
}

export namespace RefreshQueue {
  export interface IOptions<T extends string> {
    /** Does the work for the parts that were asked for. */
    refresh: (parts: ReadonlySet<T>) => Promise<void>;

    /** How long to wait for more requests, in milliseconds (default 100). */
    delay?: number;

    /** How long to wait at most while more come (default 800). */
    patience?: number;
  }
}
