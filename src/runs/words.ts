import { TranslationBundle } from '@jupyterlab/translation';

import { ComparedState, IExplanation } from '../api';

/** What sort of difference it is. */
export function reasonLabel(
  kind: IExplanation['kind'],
  trans: TranslationBundle
): string {
  switch (kind) {
    case 'input':
      return trans.__('Input');
    case 'code':
      return trans.__('Code');
    case 'environment':
      return trans.__('Environment');
    case 'parameter':
      return trans.__('Parameter');
    case 'seed':
      return trans.__('Seed');
    case 'unknown':
      return trans.__('Not seen');
  }
}

/** How something differs from the first run to the last. */
export function stateLabel(
  state: ComparedState,
  trans: TranslationBundle
): string {
  switch (state) {
    case 'same':
      return trans.__('same');
    case 'changed':
      return trans.__('changed');
    case 'added':
      return trans.__('added');
    case 'removed':
      return trans.__('removed');
    case 'unknown':
      return trans.__('not known');
  }
}
