import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import {
  asTrailError,
  IExecution,
  IExecutionEvent,
  INotebookStatus,
  IProjectEvent,
  TrailError
} from '../api';
import { ProjectModel } from './project';
import { RefreshQueue } from './refresh';

/**
 * What is known about one notebook: its status, and on demand its executions.
 */
export class NotebookModel implements IDisposable {
  constructor(options: NotebookModel.IOptions) {
    this.project = options.project;
    this._path = options.path;
    this._queue = new RefreshQueue<NotebookModel.Part>({
      refresh: parts => this._fetch(parts),
      delay: options.delay ?? 200
    });
    this.project.changed.connect(this._onProjectRefreshed, this);
    this.project.projectChanged.connect(this._onProjectChanged, this);
    this.project.executed.connect(this._onExecuted, this);
    void this.refresh();
  }

  readonly project: ProjectModel;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emits when the model is disposed of. */
  get disposed(): ISignal<this, void> {
    return this._disposed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Path of the Contents API without its drive. */
  get path(): string {
    return this._path;
  }
  set path(path: string) {
    if (path === this._path) {
      return;
    }
    this._path = path;
    this._status = null;
    this._executions = [];
    this._errors.clear();
    this._changed.emit();
    void this.refresh();
  }

  /** Path in the project, `null` when the notebook is not in it. */
  get projectPath(): string | null {
    return this.project.projectPath(this._path);
  }

  /** `null` until the server answered, and for files it knows nothing of. */
  get status(): INotebookStatus | null {
    return this._status;
  }

  /** Newest first; empty unless `recordsWanted`. */
  get executions(): ReadonlyArray<IExecution> {
    return this._executions;
  }

  /** Why the last refresh failed. */
  get error(): TrailError | null {
    return this._errors.get('status') ?? this._errors.get('executions') ?? null;
  }

  /** Whether executions are fetched too. */
  get recordsWanted(): boolean {
    return this._recordsWanted;
  }
  set recordsWanted(wanted: boolean) {
    if (wanted === this._recordsWanted) {
      return;
    }
    this._recordsWanted = wanted;
    if (wanted) {
      void this.refresh('executions');
    }
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._queue.dispose();
    this._disposed.emit();
    Signal.clearData(this);
  }

  /** Fetch parts again, all that are wanted when none is named. */
  refresh(...parts: NotebookModel.Part[]): Promise<void> {
    return this._queue.request(
      ...(parts.length > 0 ? parts : (['status', 'executions'] as const))
    );
  }

  private async _fetch(parts: ReadonlySet<NotebookModel.Part>): Promise<void> {
    const path = this.projectPath;
    if (path === null) {
      return;
    }
    const { client, root } = this.project;
    const wanted = {
      status: parts.has('status'),
      executions: parts.has('executions') && this._recordsWanted
    };
    const [status, executions] = await Promise.allSettled([
      wanted.status ? client.notebookStatus(root, path) : this._status,
      wanted.executions ? this._fetchExecutions(path) : this._executions
    ]);
    if (path !== this.projectPath || this._isDisposed) {
      return;
    }
    this._status = status.status === 'fulfilled' ? status.value : null;
    if (executions.status === 'fulfilled') {
      this._executions = executions.value;
    }
    for (const [part, result] of [
      ['status', status],
      ['executions', executions]
    ] as const) {
      if (result.status === 'rejected') {
        this._errors.set(part, asTrailError(result.reason));
      } else if (wanted[part]) {
        this._errors.delete(part);
      }
    }
    this._changed.emit();
  }

  /** The latest executions, without those of a verify: it ran a copy. */
  private async _fetchExecutions(path: string): Promise<IExecution[]> {
    const { client, root } = this.project;
    const limit = NotebookModel.EXECUTIONS;
    const found: IExecution[] = [];
    let after: string | number | null = null;
    for (let page = 0; page < NotebookModel.PAGES; page++) {
      const answer = await client.executions(root, path, limit, after);
      found.push(
        ...answer.executions.filter(({ run_kind }) => run_kind !== 'verify')
      );
      after = answer.next;
      if (found.length >= limit || after === null) {
        break;
      }
    }
    return found.slice(0, limit);
  }

  private _onProjectRefreshed(
    _: ProjectModel,
    parts: ReadonlySet<ProjectModel.Part>
  ): void {
    if (parts.has('project')) {
      void this.refresh();
    }
  }

  private _onProjectChanged(_: unknown, event: IProjectEvent): void {
    if (event.path === null || event.path === this.projectPath) {
      void this.refresh('status');
    }
  }

  private _onExecuted(_: unknown, event: IExecutionEvent): void {
    if (event.notebook === this.projectPath) {
      void this.refresh();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _disposed = new Signal<this, void>(this);
  private readonly _errors = new Map<NotebookModel.Part, TrailError>();
  private _executions: IExecution[] = [];
  private _isDisposed = false;
  private _path: string;
  private readonly _queue: RefreshQueue<NotebookModel.Part>;
  private _recordsWanted = false;
  private _status: INotebookStatus | null = null;
}

export namespace NotebookModel {
  export type Part = 'status' | 'executions';

  /** How many executions the panel asks for. */
  export const EXECUTIONS = 30;

  /** How many pages it reads for them when most are those of a verify. */
  export const PAGES = 4;

  export interface IOptions {
    project: ProjectModel;

    /** Path of the Contents API without its drive. */
    path: string;

    /** How long refreshes wait for one another, in milliseconds. */
    delay?: number;
  }
}
