import { IDocumentManager } from '@jupyterlab/docmanager';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { Contents } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

/** A file that has another name now; paths of the Contents API. */
export interface IMove {
  from: string;
  to: string;
}

/** The documents that are open, of any kind, by the path of their file. */
export class OpenDocuments {
  constructor(options: OpenDocuments.IOptions) {
    this._contents = options.contents;
    this._manager = options.manager;
    this._widgets = options.widgets;
  }

  /** Whether documents follow a rename of the server just now. */
  get isFollowing(): boolean {
    return this._isFollowing;
  }

  /** The documents that show a file. */
  of(path: string): DocumentRegistry.Context[] {
    return [...this._all()].filter(
      context => this._contents.localPath(context.path) === path
    );
  }

  /** Save what has changes that are not saved. */
  async save(paths: ReadonlyArray<string>): Promise<void> {
    for (const context of paths.flatMap(path => this.of(path))) {
      if (context.model.dirty && !context.model.readOnly) {
        await context.save();
      }
    }
  }

  /**
   * Load files again that the server has written.
   *
   * One with unsaved edits stays as it is: Lab asks when it is saved.
   */
  async reload(paths: ReadonlyArray<string>): Promise<void> {
    for (const context of paths.flatMap(path => this.of(path))) {
      if (!context.model.dirty) {
        await context.revert();
      }
    }
  }

  /**
   * Let documents, their kernels and the file browser follow what the server
   * has moved, as they do when Lab itself renames a file.
   */
  async follow(moves: ReadonlyArray<IMove>): Promise<void> {
    for (const { from, to } of moves) {
      const contexts = this.of(from);
      const drives = new Set(
        contexts.map(({ path }) => this._contents.driveName(path))
      );
      const model = await this._contents.get(to, { content: false });
      for (const { sessionContext } of contexts) {
        // The server has to know before cells run under the new name.
        await sessionContext.session?.setPath(to);
      }
      for (const drive of drives.add('')) {
        this._tell(drive ? `${drive}:` : '', from, { ...model, path: to });
      }
    }
  }

  /** Say what Lab's contents manager says of its own renames. */
  private _tell(prefix: string, from: string, to: Contents.IModel): void {
    const { fileChanged } = this._contents;
    this._isFollowing = true;
    (fileChanged as Signal<unknown, Contents.IChangedArgs>).emit({
      type: 'rename',
      oldValue: { path: `${prefix}${from}` },
      newValue: { ...to, path: `${prefix}${to.path}` }
    });
    this._isFollowing = false;
  }

  private _all(): Set<DocumentRegistry.Context> {
    const contexts = new Set<DocumentRegistry.Context>();
    for (const widget of this._widgets()) {
      const context = this._manager?.contextForWidget(widget);
      if (context) {
        contexts.add(context);
      }
    }
    return contexts;
  }

  private readonly _contents: Contents.IManager;
  private _isFollowing = false;
  private readonly _manager: IDocumentManager | null;
  private readonly _widgets: () => Iterable<Widget>;
}

export namespace OpenDocuments {
  export interface IOptions {
    contents: Contents.IManager;

    /** Without it no document is known, and none follows. */
    manager: IDocumentManager | null;

    /** The widgets that may be documents. */
    widgets: () => Iterable<Widget>;
  }
}
