import { TranslationBundle } from '@jupyterlab/translation';

import { INotebookStatus } from '../api';
import { CommandIDs } from '../tokens';
import { short } from './format';

/** A word about a notebook in its toolbar. */
export interface IChip {
  label: string;
  caption: string;
  tone: 'neutral' | 'ok' | 'warn' | 'bad' | 'category';
}

/** The category, or the request to name a draft. */
export function categoryChip(
  status: INotebookStatus,
  trans: TranslationBundle
): IChip {
  if (status.draft) {
    return {
      label: trans.__('Name it…'),
      caption: trans.__(
        'This notebook is a draft: give it a category and a description.'
      ),
      tone: 'warn'
    };
  }
  if (status.category === null) {
    return {
      label: trans.__('No category'),
      caption: trans.__('Choose what kind of notebook this is.'),
      tone: 'warn'
    };
  }
  return {
    label: status.category,
    caption: trans.__('Category %1: change it…', status.category),
    tone: 'category'
  };
}

/** How the notebook and its readable twin stand, `null` when pairing is off. */
export function pairingChip(
  status: INotebookStatus,
  trans: TranslationBundle
): IChip | null {
  const twin = status.twin ?? '';
  switch (status.paired) {
    case 'off':
      return null;
    case 'in-sync':
      return {
        label: trans.__('%1 paired', extension(twin)),
        caption: trans.__('In step with %1', twin),
        tone: 'ok'
      };
    case 'missing':
      return status.draft
        ? null
        : {
            label: trans.__('not paired'),
            caption: trans.__('Write a readable twin beside this notebook'),
            tone: 'warn'
          };
    case 'notebook-changed':
      return {
        label: trans.__('%1 behind', extension(twin)),
        caption: trans.__('The notebook is newer than %1; save it', twin),
        tone: 'warn'
      };
    case 'twin-changed':
      return {
        label: trans.__('%1 ahead', extension(twin)),
        caption: trans.__('%1 was edited; reload the notebook', twin),
        tone: 'warn'
      };
    case 'conflict':
      return {
        label: trans.__('%1 conflict', extension(twin)),
        caption: trans.__(
          'The notebook and %1 were both edited; choose which one is right',
          twin
        ),
        tone: 'bad'
      };
  }
}

/** What a click on the pairing chip does. */
export function pairingCommand(status: INotebookStatus): string {
  return status.paired === 'conflict'
    ? CommandIDs.resolvePair
    : CommandIDs.pairNotebook;
}

/** Whether what is on screen came out of a run from top to bottom. */
export function orderChip(
  status: INotebookStatus,
  trans: TranslationBundle
): IChip | null {
  const count = (state: string): number =>
    status.cells.filter(cell => cell.state === state).length;
  const stale = count('stale') + count('edited');
  const disordered = count('out-of-order');
  const parts: string[] = [];
  if (stale > 0) {
    parts.push(trans.__('%1 stale', String(stale)));
  }
  if (disordered > 0) {
    parts.push(trans.__('%1 out of order', String(disordered)));
  }
  const why = status.order_why ?? '';
  switch (status.order) {
    case 'linear':
      return {
        label: trans.__('in order'),
        caption: why || trans.__('Every cell ran once, from top to bottom'),
        tone: 'ok'
      };
    case 'never-run':
      return {
        label: trans.__('not run'),
        caption: why || trans.__('No cell has run in this kernel'),
        tone: 'neutral'
      };
    case 'out-of-order':
      return {
        label: parts.join(' · ') || trans.__('out of order'),
        caption: why || trans.__('Cells did not run from top to bottom'),
        tone: 'warn'
      };
    case 'stale':
      return {
        label: parts.join(' · ') || trans.__('stale'),
        caption: why || trans.__('Results are older than the code'),
        tone: 'warn'
      };
  }
}

/** The environment that the notebook last ran on. */
export function environmentChip(
  status: INotebookStatus,
  trans: TranslationBundle
): IChip | null {
  if (!status.environment_id) {
    return null;
  }
  const label = trans.__('env %1', short(status.environment_id));
  return status.environment === 'drifted'
    ? {
        label,
        caption:
          status.environment_why ??
          trans.__('The environment changed since the last run'),
        tone: 'warn'
      }
    : {
        label,
        caption: trans.__('Environment of the last run'),
        tone: 'neutral'
      };
}

/** How many rules the notebook breaks, `null` when none. */
export function findingsChip(
  status: INotebookStatus,
  trans: TranslationBundle
): IChip | null {
  const findings = status.findings;
  if (findings.length === 0) {
    return null;
  }
  return {
    label: trans._n('%1 finding', '%1 findings', findings.length),
    caption: findings.map(f => `${f.code} ${f.message}`).join('\n'),
    tone: findings.some(f => f.severity === 'error') ? 'bad' : 'warn'
  };
}

/** `.py` of `a/b.py`. */
function extension(twin: string): string {
  const dot = twin.lastIndexOf('.');
  return dot < 0 ? twin : twin.slice(dot);
}
