import { PathExt } from '@jupyterlab/coreutils';
import { Contents, ServerConnection } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';
import { IDisposable } from '@lumino/disposable';

import { TrailClient } from './api';
import { asRefusal, beside, buildName, IRefusal, partsInstead } from './model';

type Save = Partial<Contents.IModel> &
  Partial<Contents.IContentProvisionOptions>;

/**
 * Asks for a better name wherever Lab is about to give a notebook a bad one.
 *
 * The server refuses; each way into a folder (rename, copy, paste, upload, save
 * as) would show that in its own manner and leave the rest to the person. All
 * of them go through the contents manager, so the question is asked there, and
 * the caller gets what it wanted under the name that was agreed upon.
 */
export class NameDoors implements IDisposable {
  constructor(options: NameDoors.IOptions) {
    this._options = options;
    const { contents } = options;
    this._plain = {
      copy: contents.copy.bind(contents),
      rename: contents.rename.bind(contents),
      save: contents.save.bind(contents)
    };
    contents.copy = (from, folder) => this._copy(from, folder);
    contents.rename = (path, target) => this._rename(path, target);
    contents.save = (path, model) => this._save(path, model ?? {});
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Give the contents manager its own methods back. */
  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      Object.assign(this._options.contents, this._plain);
    }
  }

  /** One that is not renamed after all is answered with as it is. */
  private async _rename(
    path: string,
    target: string
  ): Promise<Contents.IModel> {
    const { contents, trans } = this._options;
    try {
      return await this._plain.rename(path, target);
    } catch (reason) {
      const refusal = this._refusal(reason);
      const better = await this._ask(refusal, target, path, {
        title: trans.__('Choose another name'),
        accept: trans.__('Rename'),
        isMoved: true
      });
      return better === null
        ? contents.get(path, { content: false })
        : this._rename(path, better);
    }
  }

  /**
   * One that is not copied after all is never answered: there is no copy to
   * tell of, and an error would be shown to a person who has just decided.
   */
  private async _copy(from: string, folder: string): Promise<Contents.IModel> {
    const { contents, trans } = this._options;
    try {
      return await this._plain.copy(from, folder);
    } catch (reason) {
      const refusal = this._refusal(reason);
      const target = PathExt.join(folder, PathExt.basename(from));
      const better = await this._ask(refusal, target, from, {
        title: trans.__('Name the copy'),
        accept: trans.__('Copy')
      });
      if (better === null) {
        return new Promise(() => undefined);
      }
      const { content } = await contents.get(from, {
        type: 'notebook',
        content: true
      });
      return this._save(better, { type: 'notebook', format: 'json', content });
    }
  }

  private async _save(path: string, model: Save): Promise<Contents.IModel> {
    const { trans } = this._options;
    const { chunk } = model;
    const agreed = this._chunked.get(path);
    if (chunk === undefined || chunk === 1 || chunk === -1) {
      this._chunked.delete(path);
    }
    if (chunk !== undefined && chunk !== 1 && agreed !== undefined) {
      return agreed === null
        ? Private.notThere(path)
        : this._plain.save(agreed, model);
    }
    try {
      return await this._plain.save(path, model);
    } catch (reason) {
      const refusal = this._refusal(reason);
      const isUpload = model.type === 'file';
      const better = await this._ask(refusal, path, null, {
        title: isUpload
          ? trans.__('Name the uploaded notebook')
          : trans.__('Choose another name'),
        accept: isUpload ? trans.__('Upload') : trans.__('Save')
      });
      if (chunk !== undefined) {
        this._chunked.set(path, better);
      }
      if (better !== null) {
        return this._save(better, model);
      }
      if (isUpload) {
        return Private.notThere(path);
      }
      throw new Private.Cancelled();
    }
  }

  private _refusal(reason: unknown): IRefusal {
    const refusal = asRefusal(reason);
    if (refusal === null) {
      throw reason;
    }
    return refusal;
  }

  /**
   * Ask for a name that is free.
   *
   * @param origin The notebook that is to be renamed or copied.
   * @returns The whole path, `null` when cancelled.
   */
  private async _ask(
    refusal: IRefusal,
    refused: string,
    origin: string | null,
    words: { accept: string; isMoved?: boolean; title: string }
  ): Promise<string | null> {
    const { client, contents, trans } = this._options;
    const folder = PathExt.dirname(contents.localPath(refused));
    const { categories, contents_root: root } = await client.project(folder);
    const { askBetterName } = await import('./dialogs');
    const parts = await askBetterName({
      ...words,
      categories,
      folder: root ? PathExt.relative(root, folder) : folder,
      message: refusal.message,
      trans,
      value: partsInstead(
        refused,
        origin,
        refusal.code,
        categories,
        words.isMoved
      )
    });
    if (parts === null) {
      return null;
    }
    const better = beside(refused, buildName(parts));
    if (!(await this._isThere(better))) {
      return better;
    }
    const message = trans.__(
      'There is already a notebook %1.',
      PathExt.basename(contents.localPath(better))
    );
    return this._ask({ ...refusal, message }, better, origin, words);
  }

  private async _isThere(path: string): Promise<boolean> {
    try {
      await this._options.contents.get(path, { content: false });
      return true;
    } catch (reason) {
      if (
        reason instanceof ServerConnection.ResponseError &&
        reason.response.status === 404
      ) {
        return false;
      }
      throw reason;
    }
  }

  /** What was agreed upon for files that come in pieces; `null` for nothing. */
  private readonly _chunked = new Map<string, string | null>();
  private _isDisposed = false;
  private readonly _options: NameDoors.IOptions;
  private readonly _plain: Pick<Contents.IManager, 'copy' | 'rename' | 'save'>;
}

export namespace NameDoors {
  export interface IOptions {
    client: TrailClient;
    contents: Contents.IManager;
    trans: TranslationBundle;
  }
}

namespace Private {
  /** What Lab's documents take for a decision, not for a failure. */
  export class Cancelled extends Error {
    constructor() {
      super('Cancel');
      this.name = 'ModalCancelError';
    }
  }

  /** What is told of a file that a person chose not to upload. */
  export function notThere(path: string): Contents.IModel {
    return {
      name: PathExt.basename(path),
      path,
      type: 'file',
      content: null,
      created: '',
      format: null,
      last_modified: '',
      mimetype: '',
      writable: false
    };
  }
}
