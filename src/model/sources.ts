import { IDiffCell, IDiffLine } from '../api';

/** A range of one text that stands for a range of another. */
export interface IChange {
  fromA: number;
  toA: number;
  fromB: number;
  toB: number;
}

/** The source of a cell on one side, `null` where there is no cell. */
export function sourceOf(cell: IDiffCell, side: 'a' | 'b'): string | null {
  if (cell[side] === null) {
    return null;
  }
  const other = side === 'a' ? 'insert' : 'delete';
  return cell.source
    .filter(({ op }) => op !== other)
    .map(({ text }) => text)
    .join('\n');
}

/**
 * What differs between both sources of a cell, in UTF-16 units.
 *
 * @returns The gaps between what both have in common; `null` where lines and
 * their counterparts do not fit together.
 */
export function changesOf(cell: IDiffCell): IChange[] | null {
  const matches = new Matches(cell);
  const deleted: IDiffLine[] = [];
  const inserted: IDiffLine[] = [];
  for (const line of cell.source) {
    if (line.op === 'delete') {
      deleted.push(line);
    } else if (line.op === 'insert') {
      inserted.push(line);
    } else {
      if (!matches.replaced(deleted.splice(0), inserted.splice(0))) {
        return null;
      }
      matches.equal(line);
    }
  }
  return matches.replaced(deleted, inserted) ? matches.gaps() : null;
}

/** The pieces that two texts share, found while going through both. */
class Matches {
  constructor(cell: IDiffCell) {
    this._lengthA = sourceOf(cell, 'a')?.length ?? 0;
    this._lengthB = sourceOf(cell, 'b')?.length ?? 0;
  }

  /** A line that both have. */
  equal({ text }: IDiffLine): void {
    this._add(this._a, this._b, text.length);
    this._next(text.length, text.length);
  }

  /** Lines of one text that stand for lines of the other. */
  replaced(deleted: IDiffLine[], inserted: IDiffLine[]): boolean {
    const partners = inserted.filter(({ spans }) => spans !== undefined);
    for (const old of deleted) {
      if (old.spans === undefined) {
        this._a += old.text.length + 1;
        continue;
      }
      const partner = partners.shift();
      while (inserted.length > 0 && inserted[0] !== partner) {
        this._b += (inserted.shift()?.text.length ?? 0) + 1;
      }
      if (!partner || !this._counterparts(old, partner)) {
        return false;
      }
      inserted.shift();
    }
    inserted.forEach(({ text }) => {
      this._b += text.length + 1;
    });
    return partners.length === 0;
  }

  /** What lies between the shared pieces. */
  gaps(): IChange[] {
    const found: IChange[] = [];
    let fromA = 0;
    let fromB = 0;
    const end = { a: this._lengthA, b: this._lengthB, length: 0 };
    for (const { a, b, length } of [...this._found, end]) {
      if (a > fromA || b > fromB) {
        found.push({ fromA, toA: a, fromB, toB: b });
      }
      fromA = a + length;
      fromB = b + length;
    }
    return found;
  }

  private _counterparts(old: IDiffLine, now: IDiffLine): boolean {
    const keptOld = rest(old);
    const keptNow = rest(now);
    const text = (line: IDiffLine, kept: [number, number][]): string =>
      kept.map(([start, end]) => line.text.slice(start, end)).join('');
    if (text(old, keptOld) !== text(now, keptNow)) {
      return false;
    }
    // Both lists hold the same text, cut at other places.
    let i = 0;
    let j = 0;
    let usedOld = 0;
    let usedNow = 0;
    while (i < keptOld.length && j < keptNow.length) {
      const a = keptOld[i][0] + usedOld;
      const b = keptNow[j][0] + usedNow;
      const length = Math.min(keptOld[i][1] - a, keptNow[j][1] - b);
      this._add(this._a + a, this._b + b, length);
      usedOld += length;
      usedNow += length;
      if (keptOld[i][0] + usedOld === keptOld[i][1]) {
        i += 1;
        usedOld = 0;
      }
      if (keptNow[j][0] + usedNow === keptNow[j][1]) {
        j += 1;
        usedNow = 0;
      }
    }
    this._next(old.text.length, now.text.length);
    return true;
  }

  /** Go to the next lines; the newline is shared where both have one. */
  private _next(lengthA: number, lengthB: number): void {
    this._a += lengthA;
    this._b += lengthB;
    if (this._a < this._lengthA && this._b < this._lengthB) {
      this._add(this._a, this._b, 1);
    }
    this._a += 1;
    this._b += 1;
  }

  private _add(a: number, b: number, length: number): void {
    const last = this._found[this._found.length - 1];
    if (length === 0) {
      return;
    }
    if (last && last.a + last.length === a && last.b + last.length === b) {
      last.length += length;
    } else {
      this._found.push({ a, b, length });
    }
  }

  private _a = 0;
  private _b = 0;
  private readonly _found: { a: number; b: number; length: number }[] = [];
  private readonly _lengthA: number;
  private readonly _lengthB: number;
}

/** What of a line is outside of its spans, in UTF-16 units, nothing empty. */
function rest({ spans = [], text }: IDiffLine): [number, number][] {
  const place = /[\ud800-\udfff]/.test(text)
    ? (at: number) => [...text].slice(0, at).join('').length
    : (at: number) => at;
  const kept: [number, number][] = [];
  let from = 0;
  for (const [start, end] of spans) {
    kept.push([from, place(start)]);
    from = place(end);
  }
  kept.push([from, text.length]);
  return kept.filter(([start, end]) => end > start);
}
