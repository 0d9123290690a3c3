import { Notification } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { Contents } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';
import { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { attempt } from './attempt';
import { countReferences, IDone, NotebookFiles, ProjectModel } from './model';

/** What telling of renames needs. */
export interface IRenamesOptions {
  files: NotebookFiles;
  trans: TranslationBundle;
}

/** Tell of a rename that was done, and offer to undo it. */
export function tellRename(options: IRenamesOptions, done: IDone): void {
  const { trans } = options;
  if (done.path === null) {
    return;
  }
  const name = PathExt.basename(done.path);
  const message =
    done.references > 0
      ? trans._n(
          'Renamed to %2. %1 reference follows.',
          'Renamed to %2. %1 references follow.',
          done.references,
          name
        )
      : trans.__('Renamed to %1.', name);
  tellChange(options, message, done);
}

/** Tell of a change, of what went amiss with it, and offer to undo it. */
export function tellChange(
  { files, trans }: IRenamesOptions,
  message: string,
  done: { change: string | null; warnings: ReadonlyArray<string> }
): void {
  const { change, warnings } = done;
  const actions =
    change === null
      ? []
      : [
          {
            label: trans.__('Undo'),
            callback: () => {
              void attempt(trans, () => files.undo(change));
            }
          }
        ];
  if (warnings.length > 0) {
    const text = [message, ...warnings].join('\n');
    Notification.warning(text, { actions, autoClose: false });
  } else {
    Notification.success(message, { actions, autoClose: 15000 });
  }
}

/**
 * Lets twin and references follow what Lab itself has renamed.
 *
 * The file browser and the tab do not know of either: the twin's tab is told
 * here, and a notification offers what names the notebook elsewhere.
 */
export class RenameFollower implements IDisposable {
  constructor(options: RenameFollower.IOptions) {
    this._options = options;
    options.contents.fileChanged.connect(this._onFileChanged, this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._options.contents.fileChanged.disconnect(this._onFileChanged, this);
    Signal.clearData(this);
  }

  private _onFileChanged(_: unknown, change: Contents.IChangedArgs): void {
    const { contents, files, project } = this._options;
    const from = change.oldValue?.path;
    const to = change.newValue?.path;
    if (
      change.type !== 'rename' ||
      files.documents.isFollowing ||
      PathExt.extname(from ?? '') !== '.ipynb' ||
      PathExt.extname(to ?? '') !== '.ipynb'
    ) {
      return;
    }
    const was = project.projectPath(contents.localPath(from ?? ''));
    const path = project.projectPath(contents.localPath(to ?? ''));
    if (was !== null && path !== null) {
      this._follow(path, was).catch(reason => {
        // Nobody asked for it, and the notebook has its name.
        console.warn('nbtrail: references could not be looked for.', reason);
      });
    }
  }

  private async _follow(path: string, was: string): Promise<void> {
    const { files, project, trans } = this._options;
    const { twin } = await files.status(path);
    if (twin !== null) {
      await files.followTwin(twin, was);
    }
    const plan = await project.client.references(project.root, path, was);
    if (plan.references.length === 0) {
      return;
    }
    Notification.info(
      trans.__(
        '%1 to %2 in other files.',
        countReferences(plan, trans),
        PathExt.basename(was)
      ),
      {
        actions: [
          {
            label: trans.__('Update…'),
            callback: () => void this._update(path, was)
          }
        ],
        autoClose: false
      }
    );
  }

  private async _update(path: string, was: string): Promise<void> {
    const { files, project, trans } = this._options;
    await attempt(trans, async () => {
      // Files may have changed since it was offered.
      const plan = await project.client.references(project.root, path, was);
      const { askReferences } = await import('./dialogs');
      if (!(await askReferences({ plan, trans, was }))) {
        return;
      }
      const done = await files.followReferences(path, was);
      const message = trans._n(
        '%1 reference updated.',
        '%1 references updated.',
        done.references
      );
      tellChange(this._options, message, done);
    });
  }

  private _isDisposed = false;
  private readonly _options: RenameFollower.IOptions;
}

export namespace RenameFollower {
  export interface IOptions extends IRenamesOptions {
    contents: Contents.IManager;
    project: ProjectModel;
  }
}
