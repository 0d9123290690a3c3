import { PathExt } from '@jupyterlab/coreutils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Contents } from '@jupyterlab/services';

import { IConflict, INotebookStatus, TrailClient } from '../api';
import type { OpenDocuments } from './documents';
import { buildName, INameParts, parseName, renamed, spaced } from './names';
import type { NamingModel } from './naming';
import type { NotebookModels } from './notebooks';
import type { ProjectModel } from './project';

/**
 * Changes of notebooks that open tabs and running kernels have to follow.
 */
export class NotebookFiles {
  constructor(options: NotebookFiles.IOptions) {
    this._contents = options.contents;
    this._documents = options.documents;
    this._models = options.models;
    this._project = options.project;
    this._tracker = options.tracker;
  }

  /** The categories of the project. */
  get categories(): string[] {
    return this._project.project?.categories ?? [];
  }

  /** What the server knows about a notebook, asked anew. */
  status(path: string): Promise<INotebookStatus> {
    const { client, root } = this._project;
    return client.notebookStatus(root, path);
  }

  /** What a form for the name of a notebook starts with. */
  async naming(
    path: string
  ): Promise<NamingModel.IOptions & { folder: string }> {
    const value = await this.parts(path);
    const isNew = parseName(path, this.categories).category === null;
    return {
      categories: this.categories,
      folder: PathExt.dirname(path),
      value,
      ...(isNew ? { propose: this.propose } : {})
    };
  }

  /** Ask the server for the next free name. */
  readonly propose: NamingModel.Propose = request => {
    const { client, root } = this._project;
    return client.proposeName(root, request);
  };

  /** The parts of a notebook's name, those that it lacks as proposed. */
  async parts(path: string): Promise<INameParts> {
    const parts = parseName(path, this.categories);
    if (parts.category && parts.description) {
      return { ...parts, description: spaced(parts.description) };
    }
    const { proposal } = await this.status(path);
    return {
      sequence: parts.sequence,
      category:
        parts.category ?? proposal?.category ?? this.categories[0] ?? null,
      description: spaced(parts.description || proposal?.description || '')
    };
  }

  /**
   * Give the notebook the name that the parts make.
   *
   * It goes through the contents manager, so that documents, their kernel
   * sessions and the file browser follow; the server moves twin and history.
   *
   * @returns The new path in the project.
   */
  async rename(path: string, parts: INameParts): Promise<string> {
    const target = renamed(path, buildName(parts));
    if (target !== path) {
      await this._save(path);
      await this._contents.rename(
        this._project.contentsPath(path),
        this._project.contentsPath(target)
      );
    }
    await this._project.refresh('graph', 'findings');
    return target;
  }

  /**
   * Move the notebook to the folder where no rules hold.
   *
   * The server chooses the place; the open document is told through its
   * kernel session, which is what Lab's documents listen to.
   */
  async toScratch(path: string): Promise<string> {
    await this._save(path);
    const panel = this.panel(path);
    const { client, root } = this._project;
    const moved = await client.changeNotebook(root, path, { scratch: true });
    const session = panel?.context.sessionContext.session;
    const target = this._project.contentsPath(moved.path);
    if (session) {
      await session.setPath(target);
    } else {
      panel?.close();
    }
    await this._project.refresh('graph', 'findings');
    return moved.path;
  }

  /** Write the readable twin of a notebook. */
  async pair(path: string): Promise<void> {
    await this._save(path);
    const { client, root } = this._project;
    await client.changeNotebook(root, path, { pair: true });
    await this.refreshPair(path);
  }

  /** What a notebook and its twin disagree about, unsaved edits included. */
  async conflict(path: string): Promise<IConflict> {
    await this._save(path);
    const { client, root } = this._project;
    return client.conflict(root, path);
  }

  /**
   * End a conflict between a notebook and its twin.
   *
   * What is not saved yet goes to the file first, so that the server keeps it
   * as well when the twin takes its place.
   */
  async resolve(path: string, keep: TrailClient.PairChoice): Promise<void> {
    await this._save(path);
    const { client, root } = this._project;
    const { twin } = await client.changeNotebook(root, path, { keep });
    await this.reload([path, ...(twin ? [twin] : [])]);
    await this.refreshPair(path);
  }

  /** Ask again how a notebook and its twin stand. */
  async refreshPair(path: string): Promise<void> {
    const panel = this.panel(path);
    await Promise.all([
      panel && this._models.get(panel).refresh('status'),
      this._project.refresh('graph', 'findings')
    ]);
  }

  /** Load files again that the server has written, where they are open. */
  reload(paths: ReadonlyArray<string>): Promise<void> {
    return this._documents.reload(
      paths.map(path => this._project.contentsPath(path))
    );
  }

  /** The panel that shows a notebook of the project, `null` when closed. */
  panel(path: string): NotebookPanel | null {
    const wanted = this._project.contentsPath(path);
    return (
      this._tracker.find(
        panel => this._contents.localPath(panel.context.path) === wanted
      ) ?? null
    );
  }

  private _save(path: string): Promise<void> {
    return this._documents.save([this._project.contentsPath(path)]);
  }

  private readonly _contents: Contents.IManager;
  private readonly _documents: OpenDocuments;
  private readonly _models: NotebookModels;
  private readonly _project: ProjectModel;
  private readonly _tracker: INotebookTracker;
}

export namespace NotebookFiles {
  export interface IOptions {
    contents: Contents.IManager;
    documents: OpenDocuments;
    models: NotebookModels;
    project: ProjectModel;
    tracker: INotebookTracker;
  }
}
