import { Notification } from '@jupyterlab/apputils';
import { editIcon, linkIcon, notebookIcon } from '@jupyterlab/ui-components';

import { askConflict, askDraft, askRename, attempt } from '../dialogs';
import { conflictIcon, diffIcon } from '../icons';
import { isDraft } from '../model';
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

/** Naming, pairing, opening, comparing notebooks. */
export function addNotebooks(
  options: ICommandsOptions,
  register: Register
): void {
  const { app, files, project, trans } = options;
  const hasPath = (args: Arguments): boolean => pathOf(options, args) !== null;

  const rename = async (path: string): Promise<void> => {
    await attempt(trans, async () => {
      const form = { ...(await files.naming(path)), trans };
      if (!isDraft(path)) {
        const parts = await askRename(form);
        return parts && files.rename(path, parts);
      }
      const decision = await askDraft({ ...form, run: false });
      if (decision.action === 'cancel') {
        return null;
      }
      return decision.action === 'scratch'
        ? files.toScratch(path)
        : files.rename(path, decision.parts);
    });
  };

  const resolve = async (path: string): Promise<void> => {
    const conflict = await files.conflict(path);
    if (conflict.state !== 'conflict') {
      Notification.info(
        trans.__('%1 and its twin are not in conflict.', path),
        { autoClose: 5000 }
      );
      return files.refreshPair(path);
    }
    const keep = await askConflict({ conflict, trans });
    return keep === null ? undefined : files.resolve(path, keep);
  };

  register(CommandIDs.nameNotebook, {
    label: trans.__('Name the notebook…'),
    caption: trans.__('Give the notebook a category and a description'),
    icon: editIcon,
    isEnabled: hasPath,
    execute: async args => {
      const path = pathOf(options, args);
      return path === null ? undefined : rename(path);
    },
    describedBy: describe({ path: pathSchema(trans) })
  });

  register(CommandIDs.changeCategory, {
    label: args =>
      text(args, 'category') ?? trans.__('Change category or name…'),
    caption: trans.__('Move the notebook to another category'),
    icon: editIcon,
    isEnabled: hasPath,
    isToggleable: false,
    execute: async args => {
      const path = pathOf(options, args);
      const category = text(args, 'category');
      if (path === null) {
        return;
      }
      if (category === null) {
        return rename(path);
      }
      await attempt(trans, async () =>
        files.rename(path, { ...(await files.parts(path)), category })
      );
    },
    describedBy: describe({
      path: pathSchema(trans),
      category: {
        type: 'string',
        description: trans.__('The new category; asked for without one')
      }
    })
  });

  register(CommandIDs.pairNotebook, {
    label: trans.__('Pair the notebook'),
    caption: trans.__('Write the readable twin beside the notebook'),
    icon: linkIcon,
    isEnabled: hasPath,
    execute: async args => {
      const path = pathOf(options, args);
      if (path !== null) {
        await attempt(trans, () => files.pair(path));
      }
    },
    describedBy: describe({ path: pathSchema(trans) })
  });

  register(CommandIDs.resolvePair, {
    label: trans.__('Resolve the conflict…'),
    caption: trans.__(
      'Choose between a notebook and its twin that were both edited'
    ),
    icon: conflictIcon,
    isEnabled: hasPath,
    execute: async args => {
      const path = pathOf(options, args);
      if (path !== null) {
        await attempt(trans, () => resolve(path));
      }
    },
    describedBy: describe({ path: pathSchema(trans) })
  });

  register(CommandIDs.openNotebook, {
    label: trans.__('Open the notebook'),
    caption: trans.__('Open a notebook of the project'),
    icon: notebookIcon,
    isEnabled: hasPath,
    execute: async args => {
      const path = pathOf(options, args);
      if (path === null) {
        return;
      }
      await attempt(trans, async () => {
        await app.commands.execute('docmanager:open', {
          path: project.contentsPath(path)
        });
      });
      const cell = text(args, 'cell');
      if (cell !== null) {
        await files.panel(path)?.revealed;
        files.panel(path)?.setFragment(`#cell-id=${cell}`);
      }
    },
    describedBy: describe({
      path: pathSchema(trans),
      cell: {
        type: 'string',
        description: trans.__('Identifier of the cell to go to')
      }
    })
  });

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
      if (path === null) {
        return;
      }
      const { openDiff } = await import('../diff');
      openDiff({
        ...options,
        a: text(args, 'a') ?? `${path}@last`,
        b: text(args, 'b') ?? path,
        path
      });
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
      }
    })
  });
}
