import { DocumentRegistry } from '@jupyterlab/docregistry';
import { PartialJSONValue } from '@lumino/coreutils';

import { IDiff, IDiffCell, ITimelineEntry } from '../api';
import { RemoteModel } from './remote';

/** Which of the two versions that are compared. */
export type Side = 'a' | 'b';

/** Two versions of a notebook, and how they are shown. */
export class DiffModel extends RemoteModel {
  constructor(options: DiffModel.IOptions) {
    super(options);
    this._a = options.a;
    this._b = options.b;
    this.path = options.path;
    this._document = options.document;
    this.events.executed.connect((_, { notebook, status }) => {
      if (notebook === this.path && status !== 'running') {
        this.emitOutdated();
      }
    });
    this.events.progressed.connect((_, { status }) => {
      if (status !== 'running' && status !== 'queued') {
        this.emitOutdated();
      }
    });
    this.events.changed.connect((_, { path, what }) => {
      if (what === 'store' || path === null || path === this.path) {
        this.emitOutdated();
      }
    });
  }

  /** The notebook that is looked at. */
  readonly path: string;

  /** Old version, such as `PATH@last`. */
  get a(): string {
    return this._a;
  }

  /** New version, such as `PATH`. */
  get b(): string {
    return this._b;
  }

  /** `null` until the first answer, and after a failed one. */
  get diff(): IDiff | null {
    return this._diff;
  }

  /** Whether the notebook is open, so that what is on screen can be compared. */
  get isOpen(): boolean {
    return this._document() !== null;
  }

  /** What happened to the notebook of late, for the choice of versions. */
  get entries(): ReadonlyArray<ITimelineEntry> {
    return this._entries;
  }

  /** Whether versions are shown next to each other or in one text. */
  get layout(): 'split' | 'inline' {
    return this._layout;
  }
  set layout(layout: 'split' | 'inline') {
    this._layout = layout;
    this.emitChanged();
  }

  /** Whether outputs are shown from the start. */
  get showsOutputs(): boolean {
    return this._showsOutputs;
  }
  set showsOutputs(shows: boolean) {
    this._showsOutputs = shows;
    this.emitChanged();
  }

  /** Whether cells that did not change are shown. */
  get showsUnchanged(): boolean {
    return this._showsUnchanged;
  }
  set showsUnchanged(shows: boolean) {
    this._showsUnchanged = shows;
    this.emitChanged();
  }

  /** Whether the notebook can be put back: its present is compared with its past. */
  get canRestore(): boolean {
    const { path } = this;
    return (
      this._diff !== null &&
      [path, `${path}@saved`, `${path}@working`].includes(this._b) &&
      this._a.startsWith(`${path}@`) &&
      ![`${path}@saved`, `${path}@working`].includes(this._a)
    );
  }

  /** Compare with another version. */
  choose(side: Side, version: string): Promise<void> {
    if (side === 'a') {
      this._a = version;
    } else {
      this._b = version;
    }
    this._diff = null;
    return this.refresh();
  }

  /** Let the two versions change places. */
  swap(): Promise<void> {
    [this._a, this._b] = [this._b, this._a];
    this._diff = null;
    return this.refresh();
  }

  protected override async fetch(isLatest: () => boolean): Promise<void> {
    const working = this._working();
    const found = await this.client.diff(this.root, this._a, this._b, working);
    if (isLatest()) {
      this._diff = found;
      void this._fetchEntries();
    }
  }

  /** What is on screen, where it is compared; its edits are followed then. */
  private _working(): PartialJSONValue | null {
    const asked = `${this.path}@working`;
    const document = this._document();
    document?.model.contentChanged.disconnect(this._onEdited, this);
    if (document === null || ![this._a, this._b].includes(asked)) {
      return null;
    }
    document.model.contentChanged.connect(this._onEdited, this);
    return document.model.toJSON();
  }

  private _onEdited(): void {
    this.emitOutdated();
  }

  /** The diff does not wait for them, and is there without them. */
  private async _fetchEntries(): Promise<void> {
    try {
      const { versions } = await this.client.versions(this.root, this.path, {
        limit: DiffModel.ENTRIES
      });
      this._entries = versions;
      this.emitChanged();
    } catch (reason) {
      console.warn('nbtrail: the versions could not be listed.', reason);
    }
  }

  private _a: string;
  private _b: string;
  private _diff: IDiff | null = null;
  private readonly _document: () => DocumentRegistry.Context | null;
  private _entries: ReadonlyArray<ITimelineEntry> = [];
  private _layout: 'split' | 'inline' = 'split';
  private _showsOutputs = false;
  private _showsUnchanged = false;
}

export namespace DiffModel {
  /** How many entries of the timeline the choice of versions is made from. */
  export const ENTRIES = 100;

  export interface IOptions extends RemoteModel.IOptions {
    a: string;
    b: string;

    /** The notebook where it is open. */
    document: () => DocumentRegistry.Context | null;
    path: string;
  }
}

/** Language of a notebook's code cells. */
export function codeLanguage(diff: IDiff | null): string {
  return diff?.language ?? 'python';
}

/** Language of a cell, `null` for one that has none. */
export function cellLanguage(
  cell: Pick<IDiffCell, 'cell_type'>,
  code: string
): string | null {
  switch (cell.cell_type) {
    case 'code':
      return code;
    case 'markdown':
      return 'ipythongfm';
    default:
      return null;
  }
}
