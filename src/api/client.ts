import { ServerConnection } from '@jupyterlab/services';
import { PartialJSONValue } from '@lumino/coreutils';

import { encodePath, IQuery, requestAPI } from './request';
import type * as Types from './types';

/**
 * Typed access to nbtrail's REST interface; holds no state.
 *
 * `project` is always a folder relative to the server root. Every method
 * rejects with a `TrailError`.
 */
export class TrailClient {
  constructor(options: TrailClient.IOptions = {}) {
    this.serverSettings =
      options.serverSettings ?? ServerConnection.makeSettings();
  }

  readonly serverSettings: ServerConnection.ISettings;

  /** The project that a folder belongs to. */
  project(folder: string): Promise<Types.IProject> {
    return this._get('project', { project: folder });
  }

  /** Write nbtrail's configuration into the folder; safe to repeat. */
  init(project: string): Promise<unknown> {
    return this._send('POST', 'project/init', { project }, {});
  }

  async notebooks(project: string): Promise<Types.INotebookSummary[]> {
    const { notebooks } = await this._get<{
      notebooks: Types.INotebookSummary[];
    }>('notebooks', { project });
    return notebooks;
  }

  createNotebook(
    project: string,
    body: TrailClient.INewNotebook
  ): Promise<TrailClient.INotebookFiles> {
    return this._send('POST', 'notebooks', { project }, body);
  }

  /** A free name for a new notebook. */
  proposeName(
    project: string,
    parts: TrailClient.INameRequest
  ): Promise<Types.INameProposal> {
    return this._get('notebooks/proposal', { project, ...parts });
  }

  changeNotebook(
    project: string,
    path: string,
    body: TrailClient.INotebookChange
  ): Promise<TrailClient.IChangedNotebook> {
    return this._send(
      'PATCH',
      `notebooks/${encodePath(path)}`,
      { project },
      body
    );
  }

  /** What another path of a notebook would change; nothing is changed. */
  planRename(
    project: string,
    path: string,
    target: string
  ): Promise<Types.IRenamePlan> {
    return this._send(
      'PATCH',
      `notebooks/${encodePath(path)}`,
      { project },
      { path: target, dry_run: true }
    );
  }

  /** What several new paths would change; nothing is changed. */
  async planRenames(
    project: string,
    renames: TrailClient.INewPath[]
  ): Promise<Types.IRenamePlan> {
    const { plan } = await this._send<Types.IRenameResult>(
      'POST',
      'renames',
      { project },
      { renames, dry_run: true }
    );
    return plan;
  }

  /** What still names a notebook by the path that it had. */
  references(
    project: string,
    path: string,
    was: string
  ): Promise<Types.IRenamePlan> {
    return this._get(`notebooks/${encodePath(path)}/references`, {
      project,
      was
    });
  }

  /** Let that follow. */
  followReferences(
    project: string,
    path: string,
    was: string
  ): Promise<Types.IRenameResult> {
    const endPoint = `notebooks/${encodePath(path)}/references`;
    return this._send('POST', endPoint, { project }, { was });
  }

  /** Put names, twins, histories and references back. */
  undo(project: string, change: string): Promise<Types.IRenameResult> {
    const endPoint = `changes/${encodeURIComponent(change)}/undo`;
    return this._send('POST', endPoint, { project }, {});
  }

  /**
   * Names for the notebooks of a folder that have none.
   *
   * @param copies Whether near-copies get names, or go to scratch.
   */
  proposeAdoption(
    project: string,
    copies: 'keep' | 'scratch'
  ): Promise<Types.IAdoption> {
    return this._get('adopt', { project, copies });
  }

  adopt(
    project: string,
    proposals: TrailClient.INewPath[]
  ): Promise<Types.IAdopted> {
    return this._send('POST', 'adopt', { project }, { proposals });
  }

  /** What notebook and twin disagree about. */
  conflict(project: string, path: string): Promise<Types.IConflict> {
    return this._get(`notebooks/${encodePath(path)}/conflict`, { project });
  }

  notebookStatus(
    project: string,
    path: string
  ): Promise<Types.INotebookStatus> {
    return this._get(`notebooks/${encodePath(path)}/status`, { project });
  }

  executions(
    project: string,
    path: string,
    limit: number,
    after: string | number | null = null
  ): Promise<Types.Page<'executions', Types.IExecution>> {
    return this._get(`notebooks/${encodePath(path)}/executions`, {
      project,
      limit,
      after
    });
  }

  graph(project: string): Promise<Types.IGraph> {
    return this._get('graph', { project });
  }

  runs(
    project: string,
    limit: number,
    after: string | number | null = null
  ): Promise<Types.Page<'runs', Types.IRun>> {
    return this._get('runs', { project, limit, after });
  }

  run(project: string, id: string): Promise<Types.IRunDetail> {
    return this._get(`runs/${encodeURIComponent(id)}`, { project });
  }

  /** Two or more runs side by side; the first one is what others differ from. */
  compare(
    project: string,
    runs: ReadonlyArray<string>
  ): Promise<Types.IComparison> {
    return this._get('compare', { project, run: runs });
  }

  startRun(
    project: string,
    body: TrailClient.IRunRequest
  ): Promise<{ run: string }> {
    return this._send('POST', 'runs', { project }, body);
  }

  cancelRun(
    project: string,
    id: string
  ): Promise<{ run: string; status: Types.RunStatus }> {
    return this._send('DELETE', `runs/${encodeURIComponent(id)}`, { project });
  }

  /**
   * Two versions such as `PATH@last` and `PATH`, compared cell by cell.
   *
   * @param working The notebook as it is on screen, for `PATH@working`.
   */
  diff(
    project: string,
    a: string,
    b: string,
    working: PartialJSONValue | null = null
  ): Promise<Types.IDiff> {
    return working === null
      ? this._get('diff', { project, a, b })
      : this._send('POST', 'diff', { project }, { a, b, working });
  }

  /** What happened to a notebook, newest first. */
  versions(
    project: string,
    path: string,
    query: { limit: number; after?: string | number | null }
  ): Promise<Types.Page<'versions', Types.ITimelineEntry>> {
    return this._get(`notebooks/${encodePath(path)}/versions`, {
      project,
      ...query
    });
  }

  /** Versions in which a cell became another one, newest first. */
  cellVersions(
    project: string,
    path: string,
    cell: string,
    query: { limit: number; after?: string | number | null }
  ): Promise<Types.Page<'versions', Types.ICellVersion>> {
    return this._get(
      `notebooks/${encodePath(path)}/cells/${encodeURIComponent(cell)}/versions`,
      { project, ...query }
    );
  }

  /** Put a notebook, or one of its cells, back as it was in a version. */
  restore(
    project: string,
    path: string,
    body: { version: string; cell?: string }
  ): Promise<Types.IRestored> {
    const endPoint = `notebooks/${encodePath(path)}/restore`;
    return this._send('POST', endPoint, { project }, body);
  }

  findings(
    project: string
  ): Promise<{ findings: Types.IFinding[]; checked: number }> {
    return this._get('findings', { project });
  }

  /** A rule by its code, with its page. */
  rule(project: string, code: string): Promise<Types.IRule> {
    return this._get(`rules/${encodeURIComponent(code)}`, { project });
  }

  fixFindings(
    project: string,
    body: { path?: string; code?: string }
  ): Promise<{ fixed: unknown[]; findings: Types.IFinding[] }> {
    return this._send('POST', 'findings/fix', { project }, body);
  }

  private _get<T>(endPoint: string, query: Private.IProjectQuery): Promise<T> {
    return requestAPI<T>(
      endPoint,
      this.serverSettings,
      Private.withProject(query)
    );
  }

  private _send<T>(
    method: string,
    endPoint: string,
    query: Private.IProjectQuery,
    body?: unknown
  ): Promise<T> {
    return requestAPI<T>(
      endPoint,
      this.serverSettings,
      Private.withProject(query),
      {
        method,
        ...(body === undefined
          ? {}
          : {
              body: JSON.stringify(body),
              headers: { 'Content-Type': 'application/json' }
            })
      }
    );
  }
}

export namespace TrailClient {
  export interface IOptions {
    serverSettings?: ServerConnection.ISettings;
  }

  export interface INewNotebook {
    category: string;
    description: string;
    sequence?: string;
    folder?: string;
    from?: string;
  }

  /** What is right: one side of a pair, or one for each cell by its key. */
  export type PairChoice = Types.PairSide | { [key: string]: Types.PairSide };

  export interface INameRequest {
    category: string;
    description: string;
    folder?: string;
    from?: string;
    [name: string]: string | undefined;
  }

  export interface INotebookChange {
    category?: string;
    description?: string;
    sequence?: string;
    path?: string;
    /** Whether what names the notebook follows, which it does by default. */
    references?: boolean;
    scratch?: true;
    pair?: true;
    /** Ends a conflict of the pair, as a whole or by cell; comes alone. */
    keep?: PairChoice;
  }

  export interface INotebookFiles {
    path: string;
    twin: string | null;
  }

  export interface IChangedNotebook extends INotebookFiles {
    /** What a rename is undone by. */
    change?: string | null;
    /** How many lines elsewhere were changed. */
    references?: number;
    warnings?: string[];
  }

  export interface INewPath {
    path: string;
    new_path: string;
  }

  export interface IRunRequest {
    kind: 'pipeline' | 'verify';
    notebooks?: string[];
    from?: string;
    until?: string;
    force?: boolean;
    against?: string;
  }
}

namespace Private {
  export interface IProjectQuery extends IQuery {
    project: string;
  }

  /** The server root needs no mention: it is what the server assumes. */
  export function withProject(query: IProjectQuery): IQuery {
    return { ...query, project: query.project || null };
  }
}
