import { TranslationBundle } from '@jupyterlab/translation';

import { IDiff, IDiffCell } from '../api';

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
    outputs.length > 0 && trans.__('outputs: %1', outputs.join(', '))
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
      return trans.__('Moved from %1 to %2', place(cell.a), place(cell.b));
    case 'modify':
      return trans.__('Cell %1 changed', place(cell.b));
    case 'equal':
      return trans.__('Cell %1: another output', place(cell.b));
  }
}

/** A version as people read it. */
export function versionLabel(
  version: string,
  trans: TranslationBundle
): string {
  const at = version.lastIndexOf('@');
  const name = at < 0 ? '' : version.slice(at + 1);
  if (name === '') {
    return trans.__('now');
  }
  if (name === 'last') {
    return trans.__('last run');
  }
  return name === 'saved' ? trans.__('as saved') : name;
}
