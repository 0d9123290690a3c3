import { TranslationBundle } from '@jupyterlab/translation';

import { DiffVerdict, IDiff, IDiffCell } from '../api';

/** What a diff comes to: `1 cell changed, 1 moved · outputs: 2 changed`. */
export function summaryLine(
  summary: IDiff['summary'],
  trans: TranslationBundle
): string {
  const cells = [
    summary.modified > 0 &&
      trans._n('%1 cell changed', '%1 cells changed', summary.modified),
    summary.inserted > 0 && trans.__('%1 added', String(summary.inserted)),
    summary.deleted > 0 && trans.__('%1 removed', String(summary.deleted)),
    summary.moved > 0 && trans.__('%1 moved', String(summary.moved))
  ].filter(Boolean);
  const outputs = [
    summary.outputs_changed > 0 &&
      trans.__('%1 changed', String(summary.outputs_changed)),
    summary.outputs_noise > 0 &&
      trans.__('%1 noise', String(summary.outputs_noise))
  ].filter(Boolean);
  const parts = [
    cells.length > 0 ? cells.join(', ') : trans.__('No cell changed'),
    outputs.length > 0 && trans.__('outputs: %1', outputs.join(', ')),
    summary.metadata_changed > 0 &&
      trans.__('metadata: %1 changed', String(summary.metadata_changed))
  ].filter(Boolean);
  return parts.join(' · ');
}

/** What happened to a cell. */
export function cellLabel(cell: IDiffCell, trans: TranslationBundle): string {
  const place = (index: number | null): string =>
    index === null ? '–' : String(index + 1);
  switch (cell.op) {
    case 'insert':
      return trans.__('Cell %1 added', place(cell.b));
    case 'delete':
      return trans.__('Cell %1 removed', place(cell.a));
    case 'move':
      return cell.source.some(({ op }) => op !== 'equal')
        ? trans.__('Moved from %1 to %2, changed', place(cell.a), place(cell.b))
        : trans.__('Moved from %1 to %2', place(cell.a), place(cell.b));
    case 'modify':
      return trans.__('Cell %1 changed', place(cell.b));
    case 'equal':
      return trans.__('Cell %1: another output', place(cell.b));
  }
}

/** How the outputs of a cell compare. */
export function outputsLabel(
  cell: IDiffCell,
  trans: TranslationBundle
): string {
  if (cell.op === 'insert' || cell.op === 'delete') {
    return trans.__('Outputs');
  }
  switch (cell.outputs) {
    case 'same':
      return trans.__('Outputs are the same');
    case 'noise':
      return trans.__('Outputs differ in noise only');
    case 'changed':
      return trans.__('Outputs changed');
  }
}

/** Height of a line of source and of what is around it, in pixels. */
const LINE = 20;
const AROUND = 78;

/** About the height that a cell takes, so that the scrollbar is right before it is drawn. */
export function roomFor(cell: IDiffCell): number {
  return AROUND + LINE * Math.min(Math.max(cell.source.length, 1), 200);
}

/** Whether a difference matters, in a word. */
export function verdictLabel(
  verdict: DiffVerdict,
  trans: TranslationBundle
): string {
  switch (verdict) {
    case 'same':
      return trans.__('Same');
    case 'noise':
      return trans.__('Noise');
    case 'changed':
      return trans.__('Changed');
  }
}
