import { IDiffLine } from '../api';

/** Lines of a file that belong together. */
export interface IHunk {
  lines: IDiffLine[];
}

/** The hunks of one file's unified diff. */
export function parseUnified(text: string): IHunk[] {
  const hunks: IHunk[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('@@')) {
      hunks.push({ lines: [] });
      continue;
    }
    const op = OPERATIONS[line[0]];
    // What stands before the first hunk names the files.
    if (op !== undefined && hunks.length > 0) {
      hunks[hunks.length - 1].lines.push({ op, text: line.slice(1) });
    }
  }
  return hunks.filter(({ lines }) => lines.length > 0);
}

const OPERATIONS: { [sign: string]: IDiffLine['op'] | undefined } = {
  ' ': 'equal',
  '-': 'delete',
  '+': 'insert'
};
