import { caretDownIcon, caretUpIcon } from '@jupyterlab/ui-components';

import type { DiffBody } from '../diff/widget';
import { compareIcon, diffIcon, timelineIcon } from '../icons';
import { CommandIDs } from '../tokens';
import {
  Arguments,
  describe,
  ICommandsOptions,
  pathOf,
  pathSchema,
  Register,
  text
} from './options';

/** Comparing versions and runs, and looking at what happened to a notebook. */
export function addHistory(
  options: ICommandsOptions,
  register: Register
): void {
  const { project, trans, views } = options;
  const hasPath = (args: Arguments): boolean => pathOf(options, args) !== null;

  /** Folder of the project that a view is about, and the view to restore. */
  const placeOf = (args: Arguments): { project: string; view?: string } => {
    const view = text(args, 'view');
    const folder = args['project'];
    return {
      project: typeof folder === 'string' ? folder : project.root,
      ...(view === null ? {} : { view })
    };
  };
  const placeSchema = {
    project: {
      type: 'string',
      description: trans.__(
        'Folder of the project below the server’s root, else the one in view'
      )
    },
    view: {
      type: 'string',
      description: trans.__('Name that the layout has for the view')
    }
  } as const;

  register(CommandIDs.openDiff, {
    label: args =>
      args['short']
        ? trans.__('Changes')
        : trans.__('Compare with the last run'),
    caption: trans.__('What changed in the notebook since its last run'),
    icon: diffIcon,
    isEnabled: hasPath,
    execute: async args => {
      const path = pathOf(options, args);
      if (path !== null) {
        await views.open(CommandIDs.openDiff, {
          a: text(args, 'a') ?? `${path}@last`,
          b: text(args, 'b') ?? path,
          path,
          ...placeOf(args)
        });
      }
    },
    describedBy: describe({
      path: pathSchema(trans),
      a: {
        type: 'string',
        description: trans.__('Old version, by default that of the last run')
      },
      b: {
        type: 'string',
        description: trans.__('New version, by default the file')
      },
      short: {
        type: 'boolean',
        description: trans.__('Whether the label is for a narrow button')
      },
      ...placeSchema
    })
  });

  const diff = (): DiffBody | null =>
    views.current(CommandIDs.openDiff) as DiffBody | null;
  for (const [id, direction] of [
    [CommandIDs.previousChange, -1],
    [CommandIDs.nextChange, 1]
  ] as const) {
    const isNext = direction === 1;
    register(id, {
      label: isNext ? trans.__('Next Change') : trans.__('Previous Change'),
      caption: isNext
        ? trans.__('Go to the next change')
        : trans.__('Go to the previous change'),
      icon: isNext ? caretDownIcon : caretUpIcon,
      isEnabled: () => diff() !== null,
      execute: () => diff()?.step(direction),
      describedBy: describe({})
    });
  }

  register(CommandIDs.openTimeline, {
    label: args =>
      args['short'] ? trans.__('Timeline') : trans.__('Show the timeline'),
    caption: trans.__(
      'What happened to the notebook: saves, runs, renames, restores'
    ),
    icon: timelineIcon,
    isEnabled: hasPath,
    execute: async args => {
      const path = pathOf(options, args);
      if (path !== null) {
        await views.open(CommandIDs.openTimeline, {
          cell: text(args, 'cell'),
          path,
          ...placeOf(args)
        });
      }
    },
    describedBy: describe({
      path: pathSchema(trans),
      cell: {
        type: 'string',
        description: trans.__('Only what happened to this cell')
      },
      short: {
        type: 'boolean',
        description: trans.__('Whether the label is for a narrow button')
      },
      ...placeSchema
    })
  });

  register(CommandIDs.cellVersions, {
    label: trans.__('Versions of This Cell'),
    caption: trans.__('Step through what the cell was, with its outputs'),
    icon: timelineIcon,
    isEnabled: () => options.files.activeCell() !== null,
    execute: async () => {
      const cell = options.files.activeCell();
      if (cell !== null) {
        await views.open(CommandIDs.openTimeline, {
          ...cell,
          project: project.root
        });
      }
    },
    describedBy: describe({})
  });

  register(CommandIDs.compareRuns, {
    label: args =>
      args['short']
        ? trans.__('Compare')
        : args['previous']
          ? trans.__('Compare with Previous')
          : trans.__('Compare Runs'),
    caption: trans.__(
      'Parameters, metrics, environment, data and code of runs side by side'
    ),
    icon: compareIcon,
    isEnabled: args => runsOf(options, args).length > 1,
    execute: async args => {
      const runs = runsOf(options, args);
      if (runs.length > 1) {
        await views.open(CommandIDs.compareRuns, { runs, ...placeOf(args) });
      }
    },
    describedBy: describe({
      runs: {
        type: 'array',
        items: { type: 'string' },
        description: trans.__('Identifiers or tags of two or more runs')
      },
      previous: {
        type: 'boolean',
        description: trans.__(
          'Whether the run below the pointer is compared with the one before'
        )
      },
      short: {
        type: 'boolean',
        description: trans.__('Whether the label is for a narrow button')
      },
      ...placeSchema
    })
  });
}

/** The runs that are to be compared, oldest first. */
function runsOf({ app, project }: ICommandsOptions, args: Arguments): string[] {
  const { runs } = args;
  if (Array.isArray(runs)) {
    return runs.map(String);
  }
  if (!args['previous']) {
    return project.comparedRuns;
  }
  const node = app.contextMenuHitTest(({ dataset }) => 'run' in dataset);
  return project.withPrevious(node?.dataset.run ?? '');
}
