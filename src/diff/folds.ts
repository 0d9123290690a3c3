import { IDiffCell, IDiffLine } from '../api';

/** Cells that did not change and are shown as one line. */
export interface IFold {
  kind: 'fold';
  /** Place of the first cell among all, which identifies the fold. */
  start: number;
  cells: IDiffCell[];
}

/** A cell that is shown. */
export interface IShown {
  kind: 'cell';
  start: number;
  cell: IDiffCell;
}

/** Whether a reader would want to see the cell: noise is no change. */
export function isChange(cell: IDiffCell): boolean {
  return cell.op !== 'equal' || cell.outputs === 'changed';
}

/** Fold the unchanged cells between changes. */
export function foldCells(cells: ReadonlyArray<IDiffCell>): (IFold | IShown)[] {
  const rows: (IFold | IShown)[] = [];
  cells.forEach((cell, start) => {
    const last = rows[rows.length - 1];
    if (isChange(cell)) {
      rows.push({ kind: 'cell', start, cell });
    } else if (last?.kind === 'fold') {
      last.cells.push(cell);
    } else {
      rows.push({ kind: 'fold', start, cells: [cell] });
    }
  });
  return rows;
}

/** A piece of a line; the marked ones are what differs. */
export interface ISegment {
  text: string;
  marked: boolean;
}

/** A line of source with the pieces that differ marked. */
export interface ILine {
  op: IDiffLine['op'];
  segments: ISegment[];
}

/**
 * Mark what differs between removed lines and the added ones after them.
 *
 * Lines are paired in their order; a pair with little in common is left
 * unmarked, because marks all over a line help nobody.
 */
export function emphasise(lines: ReadonlyArray<IDiffLine>): ILine[] {
  const result: ILine[] = lines.map(line => ({
    op: line.op,
    segments: [{ text: line.text, marked: false }]
  }));
  let index = 0;
  while (index < lines.length) {
    const removed = run(lines, index, 'delete');
    const added = run(lines, index + removed, 'insert');
    for (let pair = 0; pair < Math.min(removed, added); pair++) {
      const before = index + pair;
      const after = index + removed + pair;
      const marked = compareLines(lines[before].text, lines[after].text);
      if (marked) {
        [result[before].segments, result[after].segments] = marked;
      }
    }
    index += Math.max(1, removed + added);
  }
  return result;
}

/** How many lines with the operation follow one another from `start`. */
function run(
  lines: ReadonlyArray<IDiffLine>,
  start: number,
  op: IDiffLine['op']
): number {
  let end = start;
  while (end < lines.length && lines[end].op === op) {
    end++;
  }
  return end - start;
}

/**
 * The pieces of two lines, word by word; `null` when less than a third of the
 * longer one is shared.
 */
export function compareLines(
  a: string,
  b: string
): [ISegment[], ISegment[]] | null {
  const left = a.match(WORDS) ?? [];
  const right = b.match(WORDS) ?? [];
  if (left.length * right.length > MOST_COMPARISONS) {
    return null;
  }
  const shared = longestCommon(left, right);
  const common = shared.reduce((sum, [i]) => sum + left[i].trim().length, 0);
  const longer = Math.max(
    a.replace(/\s/g, '').length,
    b.replace(/\s/g, '').length
  );
  if (common * 3 < longer) {
    return null;
  }
  return [
    segments(left, new Set(shared.map(([i]) => i))),
    segments(right, new Set(shared.map(([, j]) => j)))
  ];
}

/** Words, numbers with their dot, runs of blanks, single signs. */
const WORDS = /\d+(?:\.\d+)?(?:e[+-]?\d+)?|[\p{L}_][\p{L}\p{N}_]*|\s+|./gu;

/** Beyond this the lines are not source that anyone reads. */
const MOST_COMPARISONS = 250000;

/** The places of what two lists share in the same order. */
export function longestCommon(a: string[], b: string[]): [number, number][] {
  const width = b.length + 1;
  const table = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      table[i * width + j] =
        a[i] === b[j]
          ? table[(i + 1) * width + j + 1] + 1
          : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
    }
  }
  const pairs: [number, number][] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) {
      pairs.push([i++, j++]);
    } else if (table[(i + 1) * width + j] >= table[i * width + j + 1]) {
      i++;
    } else {
      j++;
    }
  }
  return pairs;
}

function segments(words: string[], shared: ReadonlySet<number>): ISegment[] {
  const result: ISegment[] = [];
  words.forEach((text, index) => {
    const marked = !shared.has(index);
    const last = result[result.length - 1];
    if (last && last.marked === marked) {
      last.text += text;
    } else {
      result.push({ text, marked });
    }
  });
  return result;
}
