import { Cell } from '@jupyterlab/cells';
import {
  INotebookTracker,
  KernelError,
  Notebook,
  NotebookActions,
  NotebookPanel
} from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { attempt } from './attempt';
import { NotebookFiles, NotebookModels } from './model';
import { ITrailSettings } from './tokens';

/** The name of the error with which the server refuses to run a draft. */
export const DRAFT_ERROR = 'NbtrailDraft';

/**
 * Asks for a draft's name when the server refused to run its cells, and runs
 * them once it has one.
 */
export class DraftGuard implements IDisposable {
  constructor(options: DraftGuard.IOptions) {
    this._options = options;
    NotebookActions.executed.connect(this._onExecuted, this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    NotebookActions.executed.disconnect(this._onExecuted, this);
    Signal.clearData(this);
  }

  private _onExecuted(_: unknown, args: DraftGuard.IExecuted): void {
    if (args.error?.errorName !== DRAFT_ERROR) {
      return;
    }
    const { settings, tracker } = this._options;
    const panel = tracker.find(({ content }) => content === args.notebook);
    if (!panel || !settings.nameDrafts) {
      return;
    }
    const asked = this._refused.get(panel);
    if (asked) {
      asked.add(args.cell);
      return;
    }
    this._refused.set(panel, new Set([args.cell]));
    void this._ask(panel);
  }

  /** Cells that are refused while the dialog is open join those that wait. */
  private async _ask(panel: NotebookPanel): Promise<void> {
    const { files, models, trans } = this._options;
    const settled = await attempt(trans, async () => {
      const path = models.get(panel).projectPath;
      if (path === null) {
        return false;
      }
      const { askDraft } = await import('./dialogs');
      const decision = await askDraft({
        ...(await files.naming(path)),
        trans,
        run: true
      });
      if (decision.action === 'name') {
        await files.rename(path, decision.parts);
      } else if (decision.action === 'scratch') {
        await files.toScratch(path);
      }
      return decision.action !== 'cancel';
    });
    const cells = this._refused.get(panel) ?? new Set<Cell>();
    this._refused.delete(panel);
    if (settled && !panel.isDisposed) {
      const waiting = panel.content.widgets.filter(cell => cells.has(cell));
      await NotebookActions.runCells(
        panel.content,
        waiting,
        panel.sessionContext
      );
    }
  }

  private _isDisposed = false;
  private readonly _options: DraftGuard.IOptions;
  private readonly _refused = new Map<NotebookPanel, Set<Cell>>();
}

export namespace DraftGuard {
  export interface IOptions {
    files: NotebookFiles;
    models: NotebookModels;
    settings: ITrailSettings;
    tracker: INotebookTracker;
    trans: TranslationBundle;
  }

  /** What Lab tells about a cell that was executed. */
  export interface IExecuted {
    notebook: Notebook;
    cell: Cell;
    success: boolean;
    error?: KernelError | null;
  }
}
