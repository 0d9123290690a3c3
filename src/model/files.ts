import { PathExt } from '@jupyterlab/coreutils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Contents } from '@jupyterlab/services';

import {
  IAdopted,
  IConflict,
  INotebookStatus,
  IRename,
  IRenamePlan,
  IRenameResult,
  IRestored,
  TrailClient
} from '../api';
import { silenceComment } from './checks';
import type { OpenDocuments } from './documents';
import { contentsPath } from './live';
import { buildName, INameParts, parseName, renamed, spaced } from './names';
import type { NamingModel } from './naming';
import type { NotebookModels } from './notebooks';
import type { ProjectModel } from './project';

/** What became of a notebook that was to have another name. */
export interface IDone {
  /** `null` when it has that name already. */
  path: string | null;

  /** What it is undone by. */
  change: string | null;

  /** How many lines elsewhere followed. */
  references: number;
  warnings: string[];
}

const NOTHING: IDone = {
  path: null,
  change: null,
  references: 0,
  warnings: []
};

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

  /** The documents that are open. */
  get documents(): OpenDocuments {
    return this._documents;
  }

  /** What another name would change, that of the notebook itself included. */
  plan(path: string, target: string): Promise<IRenamePlan> {
    const { client, root } = this._project;
    return client.planRename(root, path, target);
  }

  /**
   * Give the notebook the name that the parts make.
   *
   * Its twin, its history and git go along, as do open documents and what
   * names it elsewhere.
   *
   * @param references Whether what names it elsewhere follows.
   */
  async rename(
    path: string,
    parts: INameParts,
    references = true
  ): Promise<IDone> {
    const target = renamed(path, buildName(parts));
    if (target === path) {
      return NOTHING;
    }
    const { client, root } = this._project;
    const plan = await this.plan(path, target);
    await this._saveAll(plan);
    const done = await client.changeNotebook(root, path, {
      path: target,
      ...(references ? {} : { references })
    });
    await this._followPlan(plan);
    return {
      path: done.path,
      change: done.change ?? null,
      references: done.references ?? 0,
      warnings: done.warnings ?? []
    };
  }

  /** Rename the notebooks of a folder as it was chosen, all or none. */
  async adopt(chosen: TrailClient.INewPath[]): Promise<IAdopted> {
    const { client, root } = this._project;
    const plan = await client.planRenames(root, chosen);
    await this._saveAll(plan);
    const done = await client.adopt(root, chosen);
    await this._followPlan(plan);
    return done;
  }

  /** Let what names a notebook elsewhere follow a rename of Lab's own. */
  async followReferences(path: string, was: string): Promise<IRenameResult> {
    const { client, root } = this._project;
    await this._saveAll(await client.references(root, path, was));
    const done = await client.followReferences(root, path, was);
    await this._followPlan(done.plan);
    return done;
  }

  /** Let the twin's tab follow a notebook that Lab has renamed. */
  followTwin(twin: string, was: string): Promise<void> {
    const stem = PathExt.basename(was, '.ipynb');
    const name = `${stem}${PathExt.extname(twin)}`;
    const from = this._project.contentsPath(renamed(twin, name));
    return this._documents.of(from).length > 0
      ? this._documents.follow([{ from, to: this._project.contentsPath(twin) }])
      : Promise.resolve();
  }

  /** Put back what a change has renamed. */
  async undo(change: string): Promise<void> {
    const { client, root } = this._project;
    const { plan } = await client.undo(root, change);
    await this._followPlan(plan);
  }

  /** Move the notebook to the folder where no rules hold. */
  async toScratch(path: string): Promise<IDone> {
    await this._save(path);
    const { client, root } = this._project;
    const { twin } = await this.status(path);
    const done = await client.changeNotebook(root, path, { scratch: true });
    await this._follow([
      { path, new_path: done.path, twin, new_twin: done.twin }
    ]);
    return { ...NOTHING, path: done.path, change: done.change ?? null };
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

  /** Go to a cell of a notebook that is open. */
  async showCell(path: string, cell: string): Promise<void> {
    const panel = this.panel(path);
    await panel?.revealed;
    const index =
      panel?.content.widgets.findIndex(({ model }) => model.id === cell) ?? -1;
    if (panel && index >= 0) {
      panel.content.activeCellIndex = index;
      panel.content.deselectAll();
      await panel.content.scrollToItem(index, 'smart');
    }
  }

  /** The active cell of the notebook in view, `null` where there is none. */
  activeCell(): { cell: string; path: string } | null {
    const cell = this._tracker.activeCell?.model.id;
    const path = this._models.current?.projectPath ?? null;
    return cell && path !== null ? { cell, path } : null;
  }

  /** Write the comment into a cell that silences a rule there, and save it. */
  async silence(path: string, cell: string, code: string): Promise<void> {
    const panel = this.panel(path);
    await panel?.context.ready;
    const model = panel?.content.widgets.find(
      widget => widget.model.id === cell
    )?.model;
    const comment =
      model && silenceComment({ code, cell_id: cell }, model.type);
    if (!model || !comment) {
      return;
    }
    const { sharedModel } = model;
    sharedModel.setSource(`${comment}\n${sharedModel.getSource()}`);
    await this._save(path);
    await this._project.refresh('findings');
  }

  /** Ask again how a notebook and its twin stand. */
  async refreshPair(path: string): Promise<void> {
    const panel = this.panel(path);
    await Promise.all([
      panel && this._models.get(panel).refresh('status'),
      this._project.refresh('graph', 'findings')
    ]);
  }

  /**
   * Put a notebook, or one of its cells, back as it was.
   *
   * What is not saved yet is saved first, so that the server keeps it too.
   *
   * @param root Folder of the project below the server root.
   */
  async restore(
    root: string,
    path: string,
    { cell, version }: { cell: string | null; version: string }
  ): Promise<IRestored> {
    const file = contentsPath(root, path);
    await this._documents.save([file]);
    const done = await this._project.client.restore(root, path, {
      version,
      ...(cell === null ? {} : { cell })
    });
    await this._documents.reload([
      file,
      ...(done.twin ? [contentsPath(root, done.twin)] : [])
    ]);
    return done;
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

  /** Save what a rename is about to write. */
  private _saveAll({ references, renames }: IRenamePlan): Promise<void> {
    const paths = [
      ...renames.flatMap(({ path, twin }) => [path, twin ?? []].flat()),
      ...references.map(({ path }) => path)
    ];
    return this._documents.save(
      [...new Set(paths)].map(path => this._project.contentsPath(path))
    );
  }

  /** Let open documents follow what the server has renamed and written. */
  private async _followPlan({
    references,
    renames
  }: IRenamePlan): Promise<void> {
    await this._follow(renames);
    const moved = new Map(
      renames.flatMap(({ new_path, new_twin, path, twin }) => [
        [path, new_path],
        [twin ?? '', new_twin ?? '']
      ])
    );
    const written = new Set(references.map(({ path }) => path));
    await this.reload([...written].map(path => moved.get(path) ?? path));
  }

  private async _follow(
    renames: ReadonlyArray<Omit<IRename, 'tracked'>>
  ): Promise<void> {
    const place = (path: string): string => this._project.contentsPath(path);
    const moves = renames.flatMap(({ new_path, new_twin, path, twin }) => [
      { from: place(path), to: place(new_path) },
      ...(twin && new_twin ? [{ from: place(twin), to: place(new_twin) }] : [])
    ]);
    await this._documents.follow(moves.filter(({ from, to }) => from !== to));
    await this._project.refresh('graph', 'findings');
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
