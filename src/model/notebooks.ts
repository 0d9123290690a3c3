import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Contents } from '@jupyterlab/services';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { NotebookModel } from './notebook';
import { ProjectModel } from './project';

/** The models of the notebooks that are open, one for each panel. */
export class NotebookModels implements IDisposable {
  constructor(options: NotebookModels.IOptions) {
    this._contents = options.contents;
    this._project = options.project;
    this._tracker = options.tracker;
    this._tracker.currentChanged.connect(this._onCurrentChanged, this);
    this._onCurrentChanged();
  }

  /** Emits when another notebook is the current one. */
  get currentChanged(): ISignal<this, NotebookModel | null> {
    return this._currentChanged;
  }

  /** Model of the current notebook, `null` without one. */
  get current(): NotebookModel | null {
    const panel = this._tracker.currentWidget;
    return panel ? this.get(panel) : null;
  }

  /** The categories of the project. */
  get categories(): ReadonlyArray<string> {
    return this._project.project?.categories ?? [];
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._models.forEach(model => model.dispose());
    this._models.clear();
    Signal.clearData(this);
  }

  /** The model of a panel; it lives as long as the panel does. */
  get(panel: NotebookPanel): NotebookModel {
    const known = this._models.get(panel);
    if (known) {
      return known;
    }
    const model = new NotebookModel({
      project: this._project,
      path: this._contents.localPath(panel.context.path)
    });
    this._models.set(panel, model);
    panel.context.pathChanged.connect(this._onPathChanged, this);
    panel.context.saveState.connect(this._onSaveState, this);
    panel.disposed.connect(this._onPanelDisposed, this);
    return model;
  }

  private _onCurrentChanged(): void {
    const current = this.current;
    this._models.forEach(model => {
      model.recordsWanted = model === current;
    });
    this._currentChanged.emit(current);
  }

  private _onPathChanged(context: NotebookPanel['context']): void {
    this._models.forEach((model, panel) => {
      if (panel.context === context) {
        model.path = this._contents.localPath(context.path);
      }
    });
  }

  private _onSaveState(context: NotebookPanel['context'], state: string): void {
    if (state !== 'completed') {
      return;
    }
    this._models.forEach((model, panel) => {
      if (panel.context === context) {
        void model.refresh('status');
      }
    });
  }

  private _onPanelDisposed(panel: NotebookPanel): void {
    this._models.get(panel)?.dispose();
    this._models.delete(panel);
  }

  private readonly _contents: Contents.IManager;
  private readonly _currentChanged = new Signal<this, NotebookModel | null>(
    this
  );
  private _isDisposed = false;
  private readonly _models = new Map<NotebookPanel, NotebookModel>();
  private readonly _project: ProjectModel;
  private readonly _tracker: INotebookTracker;
}

export namespace NotebookModels {
  export interface IOptions {
    contents: Contents.IManager;
    project: ProjectModel;
    tracker: INotebookTracker;
  }
}
