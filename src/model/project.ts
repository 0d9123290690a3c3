import { Event } from '@jupyterlab/services';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import {
  asTrailError,
  IExecutionEvent,
  IFinding,
  IGraph,
  IProject,
  IProjectEvent,
  IRun,
  IRunDetail,
  IRunEvent,
  TrailClient,
  TrailError
} from '../api';
import { ProjectEvents } from './events';
import { contentsPath, isActive, overlayGraph, overlayRun } from './live';
import { RefreshQueue } from './refresh';

/**
 * The project that the panel shows: pipeline, runs and findings.
 *
 * It fetches when asked to, when the server's events say that something
 * changed; it never polls.
 */
export class ProjectModel implements IDisposable {
  constructor(options: ProjectModel.IOptions) {
    this.client = options.client;
    this.stream = options.stream;
    this._events = new ProjectEvents({
      root: () => this._project?.contents_root ?? null,
      stream: options.stream
    });
    this._queue = new RefreshQueue<ProjectModel.Part>({
      refresh: parts => this._fetch(parts),
      delay: options.delay
    });
    this._events.executed.connect(this._onExecuted, this);
    this._events.progressed.connect(this._onProgressed, this);
    this._events.changed.connect(this._onProjectChanged, this);
  }

  readonly client: TrailClient;

  /** The server's event stream. */
  readonly stream: ISignal<unknown, Event.Emission>;

  /** Emits the parts that have new values. */
  get changed(): ISignal<this, ReadonlySet<ProjectModel.Part>> {
    return this._changed;
  }

  /** Emits when requests begin to fail, once until they succeed again. */
  get failed(): ISignal<this, TrailError> {
    return this._failed;
  }

  /** Emits for every execution in this project that began or ended. */
  get executed(): ISignal<unknown, IExecutionEvent> {
    return this._events.executed;
  }

  /** Emits when a run of this project came to its end. */
  get runFinished(): ISignal<this, IRunEvent> {
    return this._runFinished;
  }

  /** Emits what the server says has changed in the project's files. */
  get projectChanged(): ISignal<unknown, IProjectEvent> {
    return this._events.changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** `null` until the first answer. */
  get project(): IProject | null {
    return this._project;
  }

  /** Folder of the project below the server root. */
  get root(): string {
    return this._project?.contents_root ?? '';
  }

  /** The pipeline with what is known about the run under way. */
  get graph(): IGraph | null {
    return this._graph && overlayGraph(this._graph, this.live);
  }

  /** Newest first. */
  get runs(): ReadonlyArray<IRun> {
    return this._runs.map(run => overlayRun(run, this._live.get(run.run)));
  }

  get findings(): ReadonlyArray<IFinding> {
    return this._findings;
  }

  /** Why the last refresh failed, `null` when all parts are up to date. */
  get error(): TrailError | null {
    const [first = null] = ProjectModel.PARTS.flatMap(
      part => this._errors.get(part) ?? []
    );
    return first;
  }

  /** Whether the last refresh of a part failed: what is shown of it is old. */
  hasFailed(part: ProjectModel.Part): boolean {
    return this._errors.has(part);
  }

  /** The run under way, `null` when nothing runs. */
  get activeRun(): IRun | null {
    return (
      this.runs.find(run => run.kind !== 'interactive' && isActive(run)) ?? null
    );
  }

  /** The run whose details are open in the panel. */
  get selectedRun(): string | null {
    return this._selectedRun;
  }
  set selectedRun(run: string | null) {
    if (run !== this._selectedRun) {
      this._selectedRun = run;
      this._changed.emit(new Set<ProjectModel.Part>(['runs']));
    }
  }

  /**
   * The runs that are to be compared, oldest first: those that were chosen,
   * else the last one and the one before it.
   */
  get comparedRuns(): string[] {
    const chosen = this._runs.filter(({ run }) => this._chosenRuns.has(run));
    const last = this._runs.find(run => this.withPrevious(run.run).length > 0);
    return chosen.length > 1
      ? chosen.map(({ run }) => run).reverse()
      : this.withPrevious(chosen[0]?.run ?? last?.run ?? '');
  }

  isChosen(run: string): boolean {
    return this._chosenRuns.has(run);
  }

  /** Choose a run for comparing, or leave it out again. */
  chooseRun(run: string, isChosen: boolean): void {
    this._chosenRuns[isChosen ? 'add' : 'delete'](run);
    this._changed.emit(new Set<ProjectModel.Part>(['runs']));
  }

  /** A run after the one of its kind before it; none where there is no other. */
  withPrevious(id: string): string[] {
    const at = this._runs.findIndex(({ run }) => run === id);
    const previous = this._runs
      .slice(at + 1)
      .find(
        ({ kind, status }) => kind === this._runs[at]?.kind && status === 'ok'
      );
    return at < 0 || !previous ? [] : [previous.run, id];
  }

  /** The last progress event of the run under way. */
  get live(): IRunEvent | null {
    const active = this._runs.find(run => this._live.has(run.run));
    return (active && this._live.get(active.run)) ?? null;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._events.dispose();
    this._queue.dispose();
    Signal.clearData(this);
  }

  /** Path for the Contents API of a path in this project. */
  contentsPath(path: string): string {
    return contentsPath(this.root, path);
  }

  /**
   * Path in this project of a path of the Contents API without its drive,
   * `null` when it lies elsewhere.
   */
  projectPath(path: string): string | null {
    if (!this._project) {
      return null;
    }
    const prefix = this.root ? `${this.root}/` : '';
    return path.startsWith(prefix) ? path.slice(prefix.length) : null;
  }

  /** Show the project that a folder below the server root belongs to. */
  async setFolder(folder: string): Promise<void> {
    if (folder === this._folder && this._project) {
      return;
    }
    this._folder = folder;
    await this.refresh('project');
  }

  /** Fetch parts again, all of them when none is named. */
  refresh(...parts: ProjectModel.Part[]): Promise<void> {
    return this._queue.request(
      ...(parts.length > 0 ? parts : ProjectModel.PARTS)
    );
  }

  /** A run with its steps; finished ones are kept. */
  async runDetail(id: string): Promise<IRunDetail> {
    const kept = this._details.get(id);
    if (kept) {
      return kept;
    }
    const detail = await this.client.run(this.root, id);
    if (!isActive(detail)) {
      this._details.set(id, detail);
    }
    return detail;
  }

  /** Start a run in the background; its progress arrives as events. */
  async startRun(request: TrailClient.IRunRequest): Promise<string> {
    const { run } = await this.client.startRun(this.root, request);
    await this.refresh('runs');
    return run;
  }

  async cancelRun(id: string): Promise<void> {
    await this.client.cancelRun(this.root, id);
    await this.refresh('runs');
  }

  /** Adopt the folder as a project. */
  async init(): Promise<void> {
    await this.client.init(this.root || this._folder);
    await this.refresh();
  }

  /** Let the server mend what it can; returns how many were fixed. */
  async fix(request: { path?: string; code?: string }): Promise<number> {
    const { fixed } = await this.client.fixFindings(this.root, request);
    await this.refresh('findings', 'graph');
    return fixed.length;
  }

  private async _fetch(parts: ReadonlySet<ProjectModel.Part>): Promise<void> {
    const changed = new Set(parts);
    const healthy = this._errors.size === 0;
    if (parts.has('project') || !this._project || this._errors.has('project')) {
      changed.add('project');
      await this._try('project', async () => {
        if (await this._fetchProject()) {
          ProjectModel.PARTS.forEach(part => changed.add(part));
        }
      });
    }
    // Without the project, the others would be those of another folder.
    if (!this._errors.has('project')) {
      await Promise.all([
        changed.has('graph') && this._try('graph', () => this._fetchGraph()),
        changed.has('runs') && this._try('runs', () => this._fetchRuns()),
        changed.has('findings') &&
          this._try('findings', () => this._fetchFindings())
      ]);
    }
    if (this._isDisposed) {
      return;
    }
    this._changed.emit(changed);
    if (healthy && this.error) {
      this._failed.emit(this.error);
    }
  }

  /** Fetch one part; that it fails is kept, and hinders no other part. */
  private async _try(
    part: ProjectModel.Part,
    fetch: () => Promise<void>
  ): Promise<void> {
    try {
      await fetch();
      this._errors.delete(part);
    } catch (reason) {
      this._errors.set(part, asTrailError(reason));
    }
  }

  /** Returns whether it is another project than before. */
  private async _fetchProject(): Promise<boolean> {
    const before = this._project?.contents_root;
    this._project = await this.client.project(this._folder);
    if (before === this._project.contents_root) {
      return false;
    }
    this._graph = null;
    this._runs = [];
    this._findings = [];
    this._live.clear();
    this._chosenRuns.clear();
    this._details.clear();
    return true;
  }

  private async _fetchGraph(): Promise<void> {
    this._graph = await this.client.graph(this.root);
  }

  private async _fetchRuns(): Promise<void> {
    const { runs } = await this.client.runs(this.root, ProjectModel.RUNS);
    this._runs = runs;
    for (const run of runs) {
      if (!isActive(run)) {
        this._live.delete(run.run);
      }
    }
  }

  private async _fetchFindings(): Promise<void> {
    const { findings } = await this.client.findings(this.root);
    this._findings = findings;
  }

  private _onExecuted(_: unknown, event: IExecutionEvent): void {
    if (event.status !== 'running' && this._live.size === 0) {
      void this.refresh('graph');
    }
  }

  private _onProgressed(_: unknown, event: IRunEvent): void {
    if (!isActive(event)) {
      this._live.delete(event.run);
      this._details.delete(event.run);
      void this.refresh('runs', 'graph', 'findings');
      this._runFinished.emit(event);
      return;
    }
    const before = this._live.get(event.run);
    this._live.set(event.run, event);
    if (!this._runs.some(run => run.run === event.run)) {
      void this.refresh('runs');
    }
    if (before && before.step !== event.step) {
      void this.refresh('graph');
    }
    this._changed.emit(new Set<ProjectModel.Part>(['runs', 'graph']));
  }

  private _onProjectChanged(_: unknown, event: IProjectEvent): void {
    const parts: { [what in IProjectEvent['what']]: ProjectModel.Part[] } = {
      notebooks: ['graph', 'findings'],
      graph: ['graph', 'findings'],
      findings: ['findings'],
      store: ['project', 'runs']
    };
    void this.refresh(...(parts[event.what] ?? ProjectModel.PARTS));
  }

  private readonly _changed = new Signal<this, ReadonlySet<ProjectModel.Part>>(
    this
  );
  private readonly _chosenRuns = new Set<string>();
  private readonly _details = new Map<string, IRunDetail>();
  private readonly _errors = new Map<ProjectModel.Part, TrailError>();
  private readonly _events: ProjectEvents;
  private readonly _failed = new Signal<this, TrailError>(this);
  private _findings: IFinding[] = [];
  private _folder = '';
  private _graph: IGraph | null = null;
  private _isDisposed = false;
  private readonly _live = new Map<string, IRunEvent>();
  private _project: IProject | null = null;
  private readonly _queue: RefreshQueue<ProjectModel.Part>;
  private readonly _runFinished = new Signal<this, IRunEvent>(this);
  private _runs: IRun[] = [];
  private _selectedRun: string | null = null;
}

export namespace ProjectModel {
  export type Part = 'project' | 'graph' | 'runs' | 'findings';

  export const PARTS: Part[] = ['project', 'graph', 'runs', 'findings'];

  /** How many runs the panel asks for. */
  export const RUNS = 50;

  export interface IOptions {
    client: TrailClient;

    /** The server's event stream. */
    stream: ISignal<unknown, Event.Emission>;

    /** How long refreshes wait for one another, in milliseconds. */
    delay?: number;
  }
}
