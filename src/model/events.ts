import { Event } from '@jupyterlab/services';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { EventSchema, IExecutionEvent, IProjectEvent, IRunEvent } from '../api';

/** The events about one project out of the server's stream, by their kind. */
export class ProjectEvents implements IDisposable {
  constructor(options: ProjectEvents.IOptions) {
    this._root = options.root;
    this._stream = options.stream;
    this._stream.connect(this._onEvent, this);
  }

  /** Emits for every execution that began or ended. */
  get executed(): ISignal<this, IExecutionEvent> {
    return this._executed;
  }

  /** Emits for every step forward of a run, and for its end. */
  get progressed(): ISignal<this, IRunEvent> {
    return this._progressed;
  }

  /** Emits what the server says has changed in the project's files. */
  get changed(): ISignal<this, IProjectEvent> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._stream.disconnect(this._onEvent, this);
    Signal.clearData(this);
  }

  private _onEvent(_: unknown, event: Event.Emission): void {
    const data = event as unknown as { project?: string };
    if (data.project === undefined || data.project !== this._root()) {
      return;
    }
    switch (event.schema_id) {
      case EventSchema.execution:
        this._executed.emit(event as unknown as IExecutionEvent);
        break;
      case EventSchema.run:
        this._progressed.emit(event as unknown as IRunEvent);
        break;
      case EventSchema.project:
        this._changed.emit(event as unknown as IProjectEvent);
        break;
    }
  }

  private readonly _changed = new Signal<this, IProjectEvent>(this);
  private readonly _executed = new Signal<this, IExecutionEvent>(this);
  private _isDisposed = false;
  private readonly _progressed = new Signal<this, IRunEvent>(this);
  private readonly _root: () => string | null;
  private readonly _stream: ISignal<unknown, Event.Emission>;
}

export namespace ProjectEvents {
  export interface IOptions {
    /** Folder of the project below the server root, `null` while unknown. */
    root: () => string | null;

    /** The server's event stream. */
    stream: ISignal<unknown, Event.Emission>;
  }
}
