import { ISignal, Signal } from '@lumino/signaling';

import { IConflict, PairSide, TrailClient } from '../api';
import { compareLines, ISegment, longestCommon } from '../diff/folds';

/** The choices that end a conflict of a pair; nothing is chosen beforehand. */
export class ConflictModel {
  constructor(readonly conflict: IConflict) {}

  /** Emits when a choice is another one. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** How many cells wait for a choice. */
  get open(): number {
    const { cells } = this.conflict;
    return cells.filter(({ key }) => !this._sides.has(key)).length;
  }

  /** What is to be kept, `null` until there is a choice for every cell. */
  get choice(): TrailClient.PairChoice | null {
    const { cells, keep } = this.conflict;
    if (cells.length === 0) {
      return keep[0] ?? null;
    }
    return this.open === 0 ? Object.fromEntries(this._sides) : null;
  }

  /** What was chosen for a cell. */
  side(key: string): PairSide | null {
    return this._sides.get(key) ?? null;
  }

  choose(key: string, side: PairSide): void {
    this._sides.set(key, side);
    this._changed.emit();
  }

  /** Choose the same for every cell. */
  chooseAll(side: PairSide): void {
    this.conflict.cells.forEach(({ key }) => this._sides.set(key, side));
    this._changed.emit();
  }

  /** The side that was chosen for every cell, if there is one. */
  get common(): PairSide | null {
    const { cells } = this.conflict;
    const sides = new Set(cells.map(({ key }) => this._sides.get(key)));
    return sides.size === 1 ? ([...sides][0] ?? null) : null;
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _sides = new Map<string, PairSide>();
}

/** A line on both sides; `null` where one does not have it. */
export interface IPairedLine {
  left: ISegment[] | null;
  right: ISegment[] | null;
  same: boolean;
}

/** Two versions of a text line by line, what differs marked. */
export function pairLines(left: string, right: string): IPairedLine[] {
  const a = left.split('\n');
  const b = right.split('\n');
  const rows: IPairedLine[] = [];
  let i = 0;
  let j = 0;
  for (const [x, y] of [...longestCommon(a, b), [a.length, b.length]]) {
    while (i < x || j < y) {
      rows.push(pair(i < x ? a[i] : null, j < y ? b[j] : null));
      i += i < x ? 1 : 0;
      j += j < y ? 1 : 0;
    }
    if (x < a.length && y < b.length) {
      const both = [{ text: a[x], marked: false }];
      rows.push({ left: both, right: both, same: true });
      i++;
      j++;
    }
  }
  return rows;
}

function pair(left: string | null, right: string | null): IPairedLine {
  const marked =
    left !== null && right !== null ? compareLines(left, right) : null;
  const whole = (text: string | null): ISegment[] | null =>
    text === null ? null : [{ text, marked: false }];
  return {
    left: marked?.[0] ?? whole(left),
    right: marked?.[1] ?? whole(right),
    same: false
  };
}
