import { Notification } from '@jupyterlab/apputils';
import { editIcon, linkIcon, notebookIcon } from '@jupyterlab/ui-components';

import { attempt } from '../attempt';
import { conflictIcon } from '../icons';
import { isDraft, RenamingModel } from '../model';
import { tellRename } from '../renames';
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

/** Naming, pairing, opening notebooks. */
export function addNotebooks(
  options: ICommandsOptions,
  register: Register
): void {
  const { app, files, project, trans } = options;
  const hasPath = (args: Arguments): boolean => pathOf(options, args) !== null;

  const name = async (path: string): Promise<void> => {
    await attempt(trans, async () => {
      const naming = await files.naming(path);
      const { askDraft } = await import('../dialogs');
      const decision = await askDraft({ ...naming, run: false, trans });
      if (decision.action === 'scratch') {
        tellRename(options, await files.toScratch(path));
      } else if (decision.action === 'name') {
        tellRename(options, await files.rename(path, decision.parts));
      }
    });
  };

  /** Another name; asked for where it is none yet, or changes other files. */
  const rename = async (
    path: string,
    category: string | null
  ): Promise<void> => {
    await attempt(trans, async () => {
      const naming = await files.naming(path);
      const model = new RenamingModel({
        ...naming,
        path,
        plan: (from, target) => files.plan(from, target),
        value: { ...naming.value, ...(category === null ? {} : { category }) }
      });
      await model.ready;
      const { plan } = model;
      if (
        category !== null &&
        plan?.references.length === 0 &&
        plan.warnings.length === 0
      ) {
        const { parts } = model.naming;
        model.dispose();
        tellRename(options, await files.rename(path, parts));
        return;
      }
      const { folder } = naming;
      const { askRename } = await import('../dialogs');
      const choice = await askRename({ folder, model, trans });
      if (choice !== null) {
        const { parts, references } = choice;
        tellRename(options, await files.rename(path, parts, references));
      }
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
    const { askConflict } = await import('../dialogs');
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
      if (path !== null) {
        await (isDraft(path) ? name(path) : rename(path, null));
      }
    },
    describedBy: describe({ path: pathSchema(trans) })
  });

  register(CommandIDs.changeCategory, {
    label: args =>
      text(args, 'category') ??
      (args['menu']
        ? trans.__('Description…')
        : trans.__('Change category or name…')),
    caption: trans.__('Move the notebook to another category'),
    icon: editIcon,
    isEnabled: hasPath,
    isToggleable: false,
    execute: async args => {
      const path = pathOf(options, args);
      const category = text(args, 'category');
      if (path !== null) {
        await (isDraft(path) ? name(path) : rename(path, category));
      }
    },
    describedBy: describe({
      path: pathSchema(trans),
      category: {
        type: 'string',
        description: trans.__('The new category; asked for without one')
      },
      menu: {
        type: 'boolean',
        description: trans.__('Whether the label is for a menu of categories')
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
        await files.showCell(path, cell);
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
}
