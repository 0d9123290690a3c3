import { TranslationBundle } from '@jupyterlab/translation';

import { ITimelineEntry } from '../api';
import { dayLabel } from './history';

/** A version that can be chosen. */
export interface IChoice {
  label: string;

  /** With the path, such as `PATH@snap:ID`. */
  version: string;
}

/** Versions of one sort. */
export interface IChoices {
  label: string;
  choices: IChoice[];
}

/** Characters of what changed that fit into a list. */
const LONGEST = 60;

/**
 * The versions that a notebook can be compared with, newest first.
 *
 * @param path The notebook.
 * @param entries Its timeline, or the newest part of it.
 * @param isOpen Whether it is on screen.
 */
export function versionChoices(
  path: string,
  entries: ReadonlyArray<ITimelineEntry>,
  now: Date,
  trans: TranslationBundle,
  isOpen: boolean
): IChoices[] {
  const sorts: { [kind: string]: IChoices } = {
    run: { label: trans.__('Runs'), choices: [] },
    snap: { label: trans.__('Snapshots'), choices: [] },
    git: { label: trans.__('Commits'), choices: [] }
  };
  const seen = new Set<string>();
  for (const entry of entries) {
    const sort = sorts[entry.version?.split(':')[0] ?? ''];
    const version = `${entry.path}@${entry.version}`;
    if (sort && !seen.has(version)) {
      seen.add(version);
      sort.choices.push({ label: choiceLabel(entry, now, trans), version });
    }
  }
  return [
    {
      label: trans.__('Notebook'),
      choices: [
        ...(isOpen
          ? [{ label: trans.__('On screen'), version: `${path}@working` }]
          : []),
        { label: trans.__('Now'), version: path },
        { label: trans.__('Last run'), version: `${path}@last` }
      ]
    },
    ...Object.values(sorts).filter(({ choices }) => choices.length > 0)
  ];
}

function choiceLabel(
  entry: ITimelineEntry,
  now: Date,
  trans: TranslationBundle
): string {
  const at = new Date(entry.at);
  const when = `${dayLabel(at, now, trans)} ${timeLabel(at)}`;
  const { what } = entry;
  return what === ''
    ? when
    : `${when} · ${what.length > LONGEST ? `${what.slice(0, LONGEST)}…` : what}`;
}

/** Hours and minutes, as the reader's language writes them. */
export function timeLabel(at: Date): string {
  return at.toLocaleTimeString(undefined, {
    hour: '2-digit',
    minute: '2-digit'
  });
}

/** A version as people read it. */
export function versionLabel(
  version: string,
  trans: TranslationBundle
): string {
  const at = version.lastIndexOf('@');
  const name = at < 0 ? '' : version.slice(at + 1);
  const [kind, value = ''] = name.split(/:(.*)/s);
  switch (kind) {
    case '':
      return trans.__('Now');
    case 'working':
      return trans.__('On screen');
    case 'saved':
      return trans.__('As saved');
    case 'last':
      return trans.__('Last run');
    case 'run':
      return trans.__('Run %1', value);
    case 'snap':
      return trans.__('Snapshot %1', value.slice(0, 8));
    case 'git':
      return trans.__('Commit %1', value);
    case 'twin':
      return trans.__('Its twin');
    case 'base':
      return trans.__('When both were in step');
    case 'ours':
      return trans.__('Ours');
    case 'theirs':
      return trans.__('Theirs');
    case 'ancestor':
      return trans.__('Common ancestor');
    default:
      return name;
  }
}
