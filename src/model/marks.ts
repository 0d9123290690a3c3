import { TranslationBundle } from '@jupyterlab/translation';

import { ICellState, INotebookStatus } from '../api';

/** What a mark beside a cell says. */
export interface IMark {
  /** The state in words, and the reason. */
  caption: string;
  tone: 'warn' | 'bad' | 'neutral';
}

/** The marks of a notebook's cells by their ids; one that never ran has none. */
export function marksOf(
  status: INotebookStatus | null,
  trans: TranslationBundle
): Map<string, IMark> {
  const marks = new Map<string, IMark>();
  if (status && status.order !== 'never-run') {
    for (const cell of status.cells) {
      const mark = markOf(cell, trans);
      if (mark) {
        marks.set(cell.cell_id, mark);
      }
    }
  }
  return marks;
}

/** The mark of a cell, `null` where its outputs are what they should be. */
function markOf(cell: ICellState, trans: TranslationBundle): IMark | null {
  const mark = (tone: IMark['tone'], state: string): IMark => ({
    caption: cell.why ? trans.__('%1: %2', state, cell.why) : state,
    tone
  });
  switch (cell.state) {
    case 'stale':
      return mark('warn', trans.__('Stale'));
    case 'edited':
      return { caption: trans.__('Edited since it ran'), tone: 'warn' };
    case 'out-of-order':
      return mark('warn', trans.__('Out of order'));
    case 'failed':
      return mark('bad', trans.__('Failed'));
    case 'earlier-session':
      return {
        caption: trans.__('Ran in an earlier kernel session'),
        tone: 'neutral'
      };
    case 'never-run':
      return { caption: trans.__('Never run'), tone: 'neutral' };
    default:
      return null;
  }
}
