import { ILauncher } from '@jupyterlab/launcher';
import { DisposableSet, IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { ProjectModel } from './model';
import { CommandIDs } from './tokens';

/** One card in the launcher for each category of the project in view. */
export class CategoryCards implements IDisposable {
  constructor(options: CategoryCards.IOptions) {
    this._options = options;
    options.project.changed.connect(this._onChanged, this);
    this._onChanged();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._cards.dispose();
    Signal.clearData(this);
  }

  private _onChanged(): void {
    const { launcher, project, section } = this._options;
    const categories = project.project?.categories ?? [];
    const key = categories.join('\n');
    if (key === this._key) {
      return;
    }
    this._key = key;
    this._cards.dispose();
    this._cards = new DisposableSet();
    categories.forEach((_, index) => {
      this._cards.add(
        launcher.add({
          command: CommandIDs.newNotebook,
          args: { index },
          category: section,
          categoryRank: CategoryCards.RANK,
          rank: index
        })
      );
    });
  }

  private _cards = new DisposableSet();
  private _isDisposed = false;
  private _key = '';
  private readonly _options: CategoryCards.IOptions;
}

export namespace CategoryCards {
  /** Behind Lab's notebooks, before its consoles. */
  export const RANK = 10;

  export interface IOptions {
    launcher: ILauncher;
    project: ProjectModel;

    /** Title of the launcher's section. */
    section: string;
  }
}
