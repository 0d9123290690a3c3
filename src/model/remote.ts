import { Event } from '@jupyterlab/services';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { asTrailError, TrailClient, TrailError } from '../api';
import { ProjectEvents } from './events';
import { RefreshQueue } from './refresh';

/**
 * What a view in the main area shows of a project, fetched from the server.
 *
 * It belongs to one project, whichever one the panel looks at meanwhile.
 */
export abstract class RemoteModel implements IDisposable {
  constructor(options: RemoteModel.IOptions) {
    this.client = options.client;
    this.root = options.root;
    this.events = new ProjectEvents({
      root: () => this.root,
      stream: options.stream
    });
    this._queue = new RefreshQueue<'all'>({
      delay: options.delay ?? 300,
      patience: 2000,
      refresh: () => this._fetch()
    });
  }

  readonly client: TrailClient;

  /** Folder of the project below the server root. */
  readonly root: string;

  /** Emits when there is something else to show. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emits when what is shown may be out of date. */
  get outdated(): ISignal<this, void> {
    return this._outdated;
  }

  /** Why the last request failed, `null` when it did not. */
  get error(): TrailError | null {
    return this._error;
  }

  /** Whether an answer is waited for. */
  get isBusy(): boolean {
    return this._pending > 0;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this.events.dispose();
    this._queue.dispose();
    Signal.clearData(this);
  }

  /** Fetch now what is shown. */
  refresh(): Promise<void> {
    return this._fetch();
  }

  /** Fetch again soon, together with what else asks for it. */
  refreshSoon(): Promise<void> {
    return this._queue.request('all');
  }

  /** Ask the server, and keep what it says unless `isLatest` says otherwise. */
  protected abstract fetch(isLatest: () => boolean): Promise<void>;

  protected readonly events: ProjectEvents;

  protected emitChanged(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  protected emitOutdated(): void {
    this._outdated.emit();
  }

  private async _fetch(): Promise<void> {
    const ticket = ++this._latest;
    const isLatest = (): boolean =>
      ticket === this._latest && !this._isDisposed;
    this._pending += 1;
    this.emitChanged();
    try {
      await this.fetch(isLatest);
      if (isLatest()) {
        this._error = null;
      }
    } catch (reason) {
      if (isLatest()) {
        this._error = asTrailError(reason);
      }
    }
    this._pending -= 1;
    this.emitChanged();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _error: TrailError | null = null;
  private _isDisposed = false;
  private _latest = 0;
  private readonly _outdated = new Signal<this, void>(this);
  private _pending = 0;
  private readonly _queue: RefreshQueue<'all'>;
}

export namespace RemoteModel {
  export interface IOptions {
    client: TrailClient;

    /** How long events wait for one another, in milliseconds. */
    delay?: number;

    /** Folder of the project below the server root. */
    root: string;

    /** The server's event stream. */
    stream: ISignal<unknown, Event.Emission>;
  }
}
