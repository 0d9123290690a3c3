import { TranslationBundle } from '@jupyterlab/translation';

import { ITimelineEntry } from '../api';
import { TimelineSort } from '../model';

/** What happened, in a word or two. */
export function kindLabel(
  kind: ITimelineEntry['kind'],
  trans: TranslationBundle
): string {
  switch (kind) {
    case 'save':
      return trans.__('Saved');
    case 'found':
      return trans.__('Changed outside');
    case 'kept':
      return trans.__('Kept');
    case 'run':
      return trans.__('Run');
    case 'verify':
      return trans.__('Verify');
    case 'execution':
      return trans.__('Executed');
    case 'rename':
      return trans.__('Renamed');
    case 'category':
      return trans.__('Category');
    case 'restore':
      return trans.__('Restored');
    case 'commit':
      return trans.__('Commit');
    case 'branch':
      return trans.__('Branch');
    default:
      return kind;
  }
}

/** The name of a filter. */
export function sortLabel(
  sort: TimelineSort,
  trans: TranslationBundle
): string {
  switch (sort) {
    case 'edits':
      return trans.__('Saves');
    case 'runs':
      return trans.__('Runs');
    case 'executions':
      return trans.__('Executions');
    case 'names':
      return trans.__('Names');
    case 'restores':
      return trans.__('Restores');
    case 'git':
      return trans.__('Git');
  }
}
