import { TranslationBundle } from '@jupyterlab/translation';
import { PromiseDelegate } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';

import { asTrailError, IRenamePlan } from '../api';
import { renamed } from './names';
import { NamingModel } from './naming';

/** Another name for a notebook, with what it would change elsewhere. */
export class RenamingModel {
  constructor(options: RenamingModel.IOptions) {
    this.path = options.path;
    this.naming = new NamingModel(options);
    this._delay = options.delay ?? 150;
    this._look = options.plan;
    this.naming.changed.connect(this._onNamed, this);
    this._onNamed();
  }

  readonly naming: NamingModel;
  readonly path: string;

  /** Emits when the name, the plan or a choice is another one. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether the notebook keeps its name. */
  get isSame(): boolean {
    return this.target === this.path;
  }

  /** Its path under the new name, `null` while a part is missing. */
  get target(): string | null {
    const { name } = this.naming;
    return name ? renamed(this.path, name) : null;
  }

  /** What it would change, `null` while that is looked for. */
  get plan(): IRenamePlan | null {
    return this._plan;
  }

  /** Why the server does not take the name. */
  get error(): string | null {
    return this._error;
  }

  /** Resolves when the plan for the present name is there. */
  get ready(): Promise<void> {
    return this._ready.promise;
  }

  /** Whether what names the notebook elsewhere follows. */
  get references(): boolean {
    return this._references;
  }
  set references(follow: boolean) {
    this._references = follow;
    this._changed.emit();
  }

  dispose(): void {
    clearTimeout(this._timer);
    this._asked++;
    this.naming.dispose();
    Signal.clearData(this);
  }

  private _onNamed(): void {
    const target = this.target;
    clearTimeout(this._timer);
    if (target === this._planned) {
      this._changed.emit();
      return;
    }
    this._planned = target;
    this._asked++;
    this._plan = null;
    this._error = null;
    this._ready = new PromiseDelegate();
    this._changed.emit();
    if (target === null || target === this.path) {
      this._ready.resolve();
      return;
    }
    this._timer = setTimeout(() => void this._fetch(target), this._delay);
  }

  private async _fetch(target: string): Promise<void> {
    const asked = this._asked;
    const ready = this._ready;
    let plan: IRenamePlan | null = null;
    let error: string | null = null;
    try {
      plan = await this._look(this.path, target);
    } catch (reason) {
      error = asTrailError(reason).message;
    }
    if (asked === this._asked) {
      this._plan = plan;
      this._error = error;
      this._changed.emit();
    }
    ready.resolve();
  }

  private _asked = 0;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _delay: number;
  private _error: string | null = null;
  private readonly _look: RenamingModel.Look;
  private _plan: IRenamePlan | null = null;
  private _planned: string | null | undefined;
  private _ready = new PromiseDelegate<void>();
  private _references = true;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

export namespace RenamingModel {
  /** Asks the server what another path would change. */
  export type Look = (path: string, target: string) => Promise<IRenamePlan>;

  export interface IOptions extends NamingModel.IOptions {
    /** The notebook's path in the project. */
    path: string;
    plan: Look;
  }
}

/** How many lines name a notebook, in how many files. */
export function countReferences(
  { references }: IRenamePlan,
  trans: TranslationBundle
): string {
  const files = new Set(references.map(({ path }) => path)).size;
  const lines = trans._n('%1 reference', '%1 references', references.length);
  return files > 1 ? trans.__('%1 in %2 files', lines, String(files)) : lines;
}
