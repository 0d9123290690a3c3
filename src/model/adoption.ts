import { PathExt } from '@jupyterlab/coreutils';
import { ISignal, Signal } from '@lumino/signaling';

import { asTrailError, IAdoption, ISuggestion, TrailClient } from '../api';
import { parseName, renamed } from './names';

/** Why a name cannot be given. */
export type RowProblem = 'ending' | 'category' | 'description' | 'taken';

/** A notebook with the name that it may get. */
export interface IAdoptionRow {
  suggestion: ISuggestion;
  chosen: boolean;

  /** File name; the folder is that of the suggestion. */
  name: string;
  problem: RowProblem | null;
}

/** The names that a folder's notebooks may get, as a person chooses them. */
export class AdoptionModel {
  constructor(options: AdoptionModel.IOptions) {
    this._options = options;
  }

  /** Emits when the proposals are there, and when a choice is another one. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Why there are no proposals. */
  get error(): string | null {
    return this._error;
  }

  /** Whether the notebooks are still being read. */
  get loading(): boolean {
    return this._loading;
  }

  /** Notebooks that are left alone, and why. */
  get left(): IAdoption['left'] {
    return this._left;
  }

  /** In the order of the pipeline, near-copies behind what they resemble. */
  get rows(): ReadonlyArray<IAdoptionRow> {
    return this._rows;
  }

  get hasCopies(): boolean {
    return this._rows.some(row => row.suggestion.near_copy_of !== null);
  }

  /** Whether near-copies go to the folder where no rules hold. */
  get scratch(): boolean {
    return this._scratch;
  }
  set scratch(scratch: boolean) {
    this._scratch = scratch;
    void this.load();
  }

  /** What is to be renamed. */
  get chosen(): TrailClient.INewPath[] {
    return this._rows
      .filter(({ chosen }) => chosen)
      .map(({ name, suggestion: { new_path, path } }) => ({
        path,
        new_path: renamed(new_path, name)
      }));
  }

  /** Whether something is chosen, and all of it can be done. */
  get isReady(): boolean {
    const chosen = this._rows.filter(row => row.chosen);
    return (
      !this._loading &&
      chosen.length > 0 &&
      chosen.every(row => row.problem === null)
    );
  }

  /** Fetch the proposals; what a person has written or left out stays. */
  async load(): Promise<void> {
    const asked = ++this._asked;
    this._loading = true;
    this._changed.emit();
    let answer: IAdoption = { proposals: [], left: [] };
    let error: string | null = null;
    try {
      answer = await this._options.propose(this._scratch);
    } catch (reason) {
      error = asTrailError(reason).message;
    }
    if (asked !== this._asked) {
      return;
    }
    const before = new Map(this._rows.map(row => [row.suggestion.path, row]));
    this._error = error;
    this._left = answer.left;
    this._loading = false;
    this._rows = sortCopies(answer.proposals).map(suggestion => {
      const known = before.get(suggestion.path);
      const name = PathExt.basename(suggestion.new_path);
      const isOwn =
        known && known.name !== PathExt.basename(known.suggestion.new_path);
      return {
        suggestion,
        chosen: known?.chosen ?? true,
        name: isOwn ? known.name : name,
        problem: null
      };
    });
    this._judge();
  }

  choose(path: string, chosen: boolean): void {
    this._change(path, { chosen });
  }

  chooseAll(chosen: boolean): void {
    this._rows = this._rows.map(row => ({ ...row, chosen }));
    this._judge();
  }

  rename(path: string, name: string): void {
    this._change(path, { name });
  }

  private _change(path: string, part: Partial<IAdoptionRow>): void {
    this._rows = this._rows.map(row =>
      row.suggestion.path === path ? { ...row, ...part } : row
    );
    this._judge();
  }

  private _judge(): void {
    const counts = new Map<string, number>();
    for (const { new_path } of this.chosen) {
      const key = new_path.toLowerCase();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    this._rows = this._rows.map(row => ({
      ...row,
      problem: row.chosen ? this._problem(row, counts) : null
    }));
    this._changed.emit();
  }

  private _problem(
    { name, suggestion }: IAdoptionRow,
    counts: ReadonlyMap<string, number>
  ): RowProblem | null {
    const path = renamed(suggestion.new_path, name);
    if (!/[^/]\.ipynb$/.test(name) || name.includes('/')) {
      return 'ending';
    }
    if ((counts.get(path.toLowerCase()) ?? 0) > 1) {
      return 'taken';
    }
    const parts = parseName(name, this._options.categories);
    const isAside = this._scratch && suggestion.near_copy_of !== null;
    if (isAside || (parts.category && parts.description)) {
      return null;
    }
    return parts.category ? 'description' : 'category';
  }

  private _asked = 0;
  private readonly _changed = new Signal<this, void>(this);
  private _error: string | null = null;
  private _left: IAdoption['left'] = [];
  private _loading = true;
  private readonly _options: AdoptionModel.IOptions;
  private _rows: IAdoptionRow[] = [];
  private _scratch = false;
}

export namespace AdoptionModel {
  export interface IOptions {
    categories: ReadonlyArray<string>;

    /** Asks the server for names. */
    propose: (scratch: boolean) => Promise<IAdoption>;
  }
}

/** Near-copies behind the notebook that they resemble. */
export function sortCopies(
  proposals: ReadonlyArray<ISuggestion>
): ISuggestion[] {
  const known = new Set(proposals.map(({ path }) => path));
  const isCopy = ({ near_copy_of }: ISuggestion): boolean =>
    near_copy_of !== null && known.has(near_copy_of);
  const behind = (path: string, seen: ReadonlySet<string>): ISuggestion[] =>
    proposals
      .filter(one => one.near_copy_of === path && !seen.has(one.path))
      .flatMap(one => [one, ...behind(one.path, new Set([...seen, one.path]))]);
  const sorted = proposals
    .filter(one => !isCopy(one))
    .flatMap(one => [one, ...behind(one.path, new Set([one.path]))]);
  // Those that resemble one another in a circle have nobody to stand behind.
  const placed = new Set(sorted);
  return [...sorted, ...proposals.filter(one => !placed.has(one))];
}
