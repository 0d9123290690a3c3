import { ICellVersion } from '../api';
import { RemoteModel } from './remote';

/** What a cell was, newest first; one version is looked at. */
export class CellVersionsModel extends RemoteModel {
  constructor(options: CellVersionsModel.IOptions) {
    super(options);
    this.cell = options.cell;
    this.path = options.path;
    this.events.changed.connect((_, { path }) => {
      if (path === null || path === this.path) {
        this.emitOutdated();
      }
    });
  }

  /** Identifier of the cell. */
  readonly cell: string;
  readonly path: string;

  /** `null` until the first answer. */
  get versions(): ReadonlyArray<ICellVersion> | null {
    return this._versions;
  }

  /** Whether there are older versions that are not loaded. */
  get hasMore(): boolean {
    return this._next !== null;
  }

  /** Place of the version that is looked at, 0 for the newest. */
  get index(): number {
    return this._index;
  }

  /** The version that is looked at. */
  get current(): ICellVersion | null {
    return this._versions?.[this._index] ?? null;
  }

  /** The version before it, where it is known. */
  get previous(): ICellVersion | null {
    return this._versions?.[this._index + 1] ?? null;
  }

  /** Look at an older version, or at a newer one; older ones are loaded. */
  async step(direction: 1 | -1): Promise<void> {
    const wanted = this._index - direction;
    if (wanted < 0) {
      return;
    }
    // The one before has to be known as well, to show what changed.
    if (wanted + 1 >= (this._versions?.length ?? 0) && this._next !== null) {
      await this._more();
    }
    if (wanted < (this._versions?.length ?? 0)) {
      this._index = wanted;
    }
    this.emitChanged();
  }

  protected override async fetch(isLatest: () => boolean): Promise<void> {
    const { next, versions } = await this._page(null);
    if (isLatest()) {
      const at = this.current?.at;
      this._versions = versions;
      this._next = next;
      this._index = Math.max(
        0,
        versions.findIndex(version => version.at === at)
      );
    }
  }

  private async _more(): Promise<void> {
    const { next, versions } = await this._page(this._next);
    this._versions = [...(this._versions ?? []), ...versions];
    this._next = next;
  }

  private _page(after: string | number | null): Promise<{
    next: string | number | null;
    versions: ICellVersion[];
  }> {
    const query = { after, limit: CellVersionsModel.PAGE };
    return this.client.cellVersions(this.root, this.path, this.cell, query);
  }

  private _index = 0;
  private _next: string | number | null = null;
  private _versions: ReadonlyArray<ICellVersion> | null = null;
}

export namespace CellVersionsModel {
  /** How many versions are asked for at a time. */
  export const PAGE = 20;

  export interface IOptions extends RemoteModel.IOptions {
    cell: string;
    path: string;
  }
}
