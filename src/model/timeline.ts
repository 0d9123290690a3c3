import { ITimelineEntry } from '../api';
import { RemoteModel } from './remote';

/** Kinds of entries that are shown and hidden together. */
export const TIMELINE_SORTS = {
  edits: ['save', 'found', 'kept'],
  runs: ['run', 'verify'],
  executions: ['execution'],
  names: ['rename', 'category'],
  restores: ['restore'],
  git: ['commit', 'branch']
} as const;

export type TimelineSort = keyof typeof TIMELINE_SORTS;

/** The sort of an entry, `null` for one that this version does not know. */
export function sortOf({ kind }: ITimelineEntry): TimelineSort | null {
  const sorts = Object.keys(TIMELINE_SORTS) as TimelineSort[];
  return (
    sorts.find(sort =>
      (TIMELINE_SORTS[sort] as ReadonlyArray<string>).includes(kind)
    ) ?? null
  );
}

/** What happened to a notebook, newest first, a page at a time. */
export class TimelineModel extends RemoteModel {
  constructor(options: TimelineModel.IOptions) {
    super(options);
    this.path = options.path;
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
    this.events.changed.connect((_, { path }) => {
      if (path === null || path === this.path) {
        this.emitOutdated();
      }
    });
  }

  readonly path: string;

  /** `null` until the first answer. */
  get entries(): ReadonlyArray<ITimelineEntry> | null {
    return this._entries;
  }

  /** The entries of the sorts that are shown. */
  get shown(): ITimelineEntry[] {
    const { _entries, _hidden } = this;
    return (_entries ?? []).filter(entry => {
      const sort = sortOf(entry);
      return sort === null || !_hidden.has(sort);
    });
  }

  /** Whether there are older entries that are not loaded. */
  get hasMore(): boolean {
    return this._next !== null;
  }

  /** The entries that are chosen to be compared, newer first, two at most. */
  get chosen(): ITimelineEntry[] {
    return (this._entries ?? []).filter(entry =>
      this._chosen.includes(keyOf(entry))
    );
  }

  isShown(sort: TimelineSort): boolean {
    return !this._hidden.has(sort);
  }

  /** Show entries of a sort, or hide them. */
  show(sort: TimelineSort, isShown: boolean): void {
    this._hidden[isShown ? 'delete' : 'add'](sort);
    this.emitChanged();
  }

  isChosen(entry: ITimelineEntry): boolean {
    return this._chosen.includes(keyOf(entry));
  }

  /** Choose an entry, or leave it; of three the one chosen first is left. */
  choose(entry: ITimelineEntry, isChosen: boolean): void {
    const key = keyOf(entry);
    const others = this._chosen.filter(chosen => chosen !== key);
    this._chosen = isChosen ? [...others.slice(-1), key] : others;
    this.emitChanged();
  }

  /** The entry before this one of which the content is known. */
  before(entry: ITimelineEntry): ITimelineEntry | null {
    const entries = this._entries ?? [];
    return (
      entries
        .slice(entries.indexOf(entry) + 1)
        .find(({ version }) => version !== null && version !== entry.version) ??
      null
    );
  }

  /** Load older entries. */
  async more(): Promise<void> {
    const after = this._next;
    if (after === null || this._isLoading) {
      return;
    }
    this._isLoading = true;
    try {
      const { next, versions } = await this._page(after);
      if (this._next === after) {
        this._entries = [...(this._entries ?? []), ...versions];
        this._next = next;
      }
    } finally {
      this._isLoading = false;
      this.emitChanged();
    }
  }

  protected override async fetch(isLatest: () => boolean): Promise<void> {
    const { next, versions } = await this._page(null);
    if (!isLatest()) {
      return;
    }
    const merged = withNewer(this._entries ?? [], versions);
    if (merged === null) {
      this._entries = versions;
      this._next = next;
    } else {
      this._entries = merged;
    }
  }

  private _page(
    after: string | number | null
  ): Promise<{ next: string | number | null; versions: ITimelineEntry[] }> {
    return this.client.versions(this.root, this.path, {
      after,
      limit: TimelineModel.PAGE
    });
  }

  private _chosen: string[] = [];
  private _entries: ReadonlyArray<ITimelineEntry> | null = null;
  private readonly _hidden = new Set<TimelineSort>();
  private _isLoading = false;
  private _next: string | number | null = null;
}

export namespace TimelineModel {
  /** How many entries are asked for at a time. */
  export const PAGE = 50;

  export interface IOptions extends RemoteModel.IOptions {
    path: string;
  }
}

/** What tells an entry from others. */
export function keyOf(entry: ITimelineEntry): string {
  return [entry.at, entry.kind, entry.version, entry.run].join('|');
}

/**
 * Entries that are known with the newest page before them.
 *
 * @returns `null` where the page does not reach what is known.
 */
export function withNewer(
  known: ReadonlyArray<ITimelineEntry>,
  newest: ReadonlyArray<ITimelineEntry>
): ITimelineEntry[] | null {
  const last = newest[newest.length - 1];
  const at = last ? known.findIndex(entry => keyOf(entry) === keyOf(last)) : -1;
  return at < 0 ? null : [...newest, ...known.slice(at + 1)];
}
