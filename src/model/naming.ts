import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { INameProposal } from '../api';
import { buildName, INameParts, isSequence, slug } from './names';

/** Why the parts make no name yet. */
export type NameProblem = 'category' | 'description' | 'sequence';

/**
 * A notebook's name while someone makes it up.
 *
 * The sequence number follows what the server proposes for category and origin
 * until a person writes one.
 */
export class NamingModel implements IDisposable {
  constructor(options: NamingModel.IOptions) {
    this.categories = options.categories;
    this._delay = options.delay ?? 150;
    this._parts = { ...options.value };
    this._from = options.from ?? null;
    this._folder = options.folder ?? '';
    this._propose = options.propose ?? null;
    this._ownSequence = !!options.value.sequence;
    this._ask();
  }

  readonly categories: ReadonlyArray<string>;

  /** Emits when a part or the name is another one. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  get parts(): INameParts {
    return this._parts;
  }

  /** The notebook that the new one continues. */
  get from(): string | null {
    return this._from;
  }
  set from(path: string | null) {
    if (path !== this._from) {
      this._from = path;
      this._changed.emit();
      this._ask();
    }
  }

  /** The file's name, `''` while a part is missing. */
  get name(): string {
    return buildName(this._parts);
  }

  /** The first thing that is wrong, `null` when there is a name. */
  get problem(): NameProblem | null {
    const { category, description, sequence } = this._parts;
    if (!category) {
      return 'category';
    }
    if (sequence && !isSequence(sequence)) {
      return 'sequence';
    }
    return slug(description) ? null : 'description';
  }

  /** Why the server would refuse the name, as far as it is known. */
  get refusal(): string | null {
    const { name } = this;
    return name !== '' && name === this._proposal?.name
      ? this._proposal.problem
      : null;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    clearTimeout(this._timer);
    Signal.clearData(this);
  }

  /** Take over parts that a person changed. */
  change(parts: Partial<INameParts>): void {
    this._parts = { ...this._parts, ...parts };
    if (parts.sequence !== undefined) {
      this._parts.sequence = parts.sequence?.trim() || null;
      this._ownSequence = true;
    }
    this._changed.emit();
    this._ask();
  }

  /** Ask for number and verdict, once nobody types any more. */
  private _ask(): void {
    if (this._propose === null) {
      return;
    }
    clearTimeout(this._timer);
    this._timer = setTimeout(() => void this._fetch(), this._delay);
  }

  private async _fetch(): Promise<void> {
    const asked = ++this._asked;
    const { category, description } = this._parts;
    let proposal: INameProposal | null = null;
    try {
      proposal = await this._propose!({
        category: category ?? '',
        description,
        ...(this._folder ? { folder: this._folder } : {}),
        ...(this._from ? { from: this._from } : {})
      });
    } catch {
      // A name without a number is a good name, too.
    }
    if (asked !== this._asked || this._isDisposed) {
      return;
    }
    this._proposal = proposal;
    if (!this._ownSequence) {
      this._parts = { ...this._parts, sequence: proposal?.sequence ?? null };
    }
    this._changed.emit();
  }

  private _asked = 0;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _delay: number;
  private readonly _folder: string;
  private _from: string | null;
  private _isDisposed = false;
  private _ownSequence: boolean;
  private _parts: INameParts;
  private _proposal: INameProposal | null = null;
  private readonly _propose: NamingModel.Propose | null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

export namespace NamingModel {
  /** Asks the server for a free name. */
  export type Propose = (request: {
    category: string;
    description: string;
    folder?: string;
    from?: string;
  }) => Promise<INameProposal>;

  export interface IOptions {
    categories: ReadonlyArray<string>;

    /** How long to wait for more keys, in milliseconds (default 150). */
    delay?: number;

    /** Folder in the project that the notebook lies in. */
    folder?: string;

    /** The notebook that the new one continues. */
    from?: string | null;

    /** Where sequence numbers come from; without it a person writes them. */
    propose?: Propose;

    /** What the form starts with. */
    value: INameParts;
  }
}
