import { addIcon } from '@jupyterlab/ui-components';

import { attempt } from '../attempt';
import type { INameOptions } from '../dialogs';
import { categoryIcon, continueIcon } from '../icons';
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

/** Making notebooks that have a name, a twin and perhaps an origin. */
export function addCreate(options: ICommandsOptions, register: Register): void {
  const { app, files, project, trans } = options;

  /** The category that an entry of launcher or menu stands for. */
  const categoryOf = (args: Arguments): string | null => {
    const { index } = args;
    return typeof index === 'number'
      ? (files.categories[index] ?? null)
      : text(args, 'category');
  };

  const create = async (form: Partial<INameOptions>): Promise<void> => {
    await attempt(trans, async () => {
      const { client, root } = project;
      const folder = form.folder ?? '';
      const { askNewNotebook } = await import('../dialogs');
      const choice = await askNewNotebook({
        value: { sequence: null, category: null, description: '' },
        ...form,
        categories: files.categories,
        origins: await client.notebooks(root),
        propose: files.propose,
        trans
      });
      if (!choice?.parts.category) {
        return;
      }
      const { category, description, sequence } = choice.parts;
      const { path } = await client.createNotebook(root, {
        category,
        description,
        // None is a choice, too.
        sequence: sequence ?? '',
        ...(folder ? { folder } : {}),
        ...(choice.from ? { from: choice.from } : {})
      });
      await app.commands.execute(CommandIDs.openNotebook, { path });
      await project.refresh('graph', 'findings');
    });
  };

  register(CommandIDs.newNotebook, {
    label: args => {
      const category = categoryOf(args);
      if (category !== null) {
        return args['menu'] ? trans.__('%1 Notebook…', category) : category;
      }
      return args['short']
        ? trans.__('New notebook…')
        : trans.__('Named Notebook…');
    },
    caption: args => {
      const category = categoryOf(args);
      return category === null
        ? trans.__('Make a notebook with a category and a readable twin')
        : trans.__('Make a notebook of category %1', category);
    },
    icon: args =>
      typeof args['index'] === 'number' ? categoryIcon(args['index']) : addIcon,
    isEnabled: () => project.project !== null,
    isVisible: args => args['index'] === undefined || categoryOf(args) !== null,
    execute: args => {
      const cwd = text(args, 'cwd');
      return create({
        folder:
          text(args, 'folder') ??
          (cwd === null ? null : project.projectPath(cwd)) ??
          '',
        from: text(args, 'from'),
        value: {
          sequence: null,
          category: categoryOf(args),
          description: text(args, 'description') ?? ''
        }
      });
    },
    describedBy: describe({
      category: {
        type: 'string',
        description: trans.__('Category that is proposed')
      },
      index: {
        type: 'integer',
        description: trans.__('Place of that category among the project’s')
      },
      description: {
        type: 'string',
        description: trans.__('Description that is proposed')
      },
      folder: {
        type: 'string',
        description: trans.__('Folder in the project')
      },
      cwd: {
        type: 'string',
        description: trans.__('Folder below the server’s root')
      },
      from: {
        type: 'string',
        description: trans.__('Notebook that the new one continues')
      },
      menu: {
        type: 'boolean',
        description: trans.__('Whether the label is for a menu')
      },
      short: {
        type: 'boolean',
        description: trans.__('Whether the label is for a narrow button')
      }
    })
  });

  register(CommandIDs.continueNotebook, {
    label: trans.__('Continue in a New Notebook…'),
    caption: trans.__(
      'Make a notebook that starts from the results of this one'
    ),
    icon: continueIcon,
    isEnabled: args => pathOf(options, args) !== null,
    execute: args => {
      const path = pathOf(options, args);
      if (path === null) {
        return;
      }
      return create({
        folder: path.includes('/') ? path.replace(/\/[^/]*$/, '') : '',
        from: path,
        value: { sequence: null, category: null, description: '' }
      });
    },
    describedBy: describe({ path: pathSchema(trans) })
  });
}
