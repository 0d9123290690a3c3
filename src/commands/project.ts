import { codeCheckIcon, refreshIcon } from '@jupyterlab/ui-components';

import { attempt } from '../attempt';
import { adoptIcon, silenceIcon, trailIcon } from '../icons';
import { AdoptionModel, silenceComment } from '../model';
import { tellChange } from '../renames';
import { CommandIDs, WidgetIDs } from '../tokens';
import {
  describe,
  findingAt,
  ICommandsOptions,
  pathSchema,
  Register,
  text
} from './options';

/** The project as a whole. */
export function addProject(
  options: ICommandsOptions,
  register: Register
): void {
  const { app, files, models, project, trans } = options;

  register(CommandIDs.checkProject, {
    label: trans.__('Check the project'),
    caption: trans.__('Look for names, twins and data that break a rule'),
    icon: codeCheckIcon,
    isEnabled: () => project.project !== null,
    execute: async () => {
      app.shell.activateById(WidgetIDs.panel);
      await project.refresh('findings', 'graph');
    },
    describedBy: describe({})
  });

  register(CommandIDs.fixFindings, {
    label: trans.__('Fix findings'),
    caption: trans.__('Mend what can be mended without asking'),
    icon: codeCheckIcon,
    isEnabled: () => project.findings.length > 0,
    execute: async args => {
      const path = text(args, 'path');
      const code = text(args, 'code');
      await attempt(trans, () =>
        project.fix({ ...(path ? { path } : {}), ...(code ? { code } : {}) })
      );
      await models.current?.refresh();
    },
    describedBy: describe({
      path: pathSchema(trans),
      code: { type: 'string', description: trans.__('Code of the finding') }
    })
  });

  register(CommandIDs.adopt, {
    label: args =>
      args['short'] ? trans.__('Names…') : trans.__('Propose names…'),
    caption: trans.__(
      'Read the notebooks of this folder and propose category, description and number'
    ),
    icon: adoptIcon,
    isEnabled: () => project.project !== null,
    execute: async () => {
      const model = new AdoptionModel({
        categories: files.categories,
        propose: scratch =>
          project.client.proposeAdoption(
            project.root,
            scratch ? 'scratch' : 'keep'
          )
      });
      void model.load();
      const adopted = project.project?.adopted ?? false;
      const { askAdoption } = await import('../dialogs');
      const chosen = await askAdoption({
        adopted,
        categories: files.categories,
        model,
        trans
      });
      if (chosen.length === 0) {
        return;
      }
      await attempt(trans, async () => {
        if (!adopted) {
          await project.init();
        }
        const done = await files.adopt(chosen);
        const message = trans._n(
          '%1 notebook renamed.',
          '%1 notebooks renamed.',
          done.renamed.length
        );
        tellChange(options, message, done);
      });
    },
    describedBy: describe({
      short: {
        type: 'boolean',
        description: trans.__('Whether the label is for a narrow button')
      }
    })
  });

  register(CommandIDs.showRule, {
    label: trans.__('Explain the Rule'),
    caption: trans.__(
      'What the rule is for, an example, and how to silence it'
    ),
    icon: codeCheckIcon,
    isEnabled: args =>
      text(args, 'code') !== null || findingAt(options) !== null,
    execute: async args => {
      const code = text(args, 'code') ?? findingAt(options)?.code;
      if (!code) {
        return;
      }
      await attempt(trans, async () => {
        const rule = await project.client.rule(project.root, code);
        const { openRule } = await import('../rules');
        await openRule(app, options.rendermime, rule);
      });
    },
    describedBy: describe({
      code: { type: 'string', description: trans.__('Code of the rule') }
    })
  });

  register(CommandIDs.silenceFinding, {
    label: trans.__('Silence in This Cell'),
    caption: trans.__('Write a comment into the cell that silences the rule'),
    icon: silenceIcon,
    isEnabled: args => {
      const finding = findingAt(options, args);
      return finding !== null && silenceComment(finding, 'code') !== null;
    },
    execute: async args => {
      const finding = findingAt(options, args);
      if (finding?.cell_id) {
        const { code, cell_id, path } = finding;
        await app.commands.execute(CommandIDs.openNotebook, {
          path,
          cell: cell_id
        });
        await attempt(trans, () => files.silence(path, cell_id, code));
      }
    },
    describedBy: describe({
      path: pathSchema(trans),
      code: { type: 'string', description: trans.__('Code of the finding') },
      cell: { type: 'string', description: trans.__('Identifier of the cell') }
    })
  });

  register(CommandIDs.initProject, {
    label: args =>
      args['short'] ? trans.__('Start here') : trans.__('Start a project'),
    caption: trans.__(
      'Write the configuration of nbtrail into this folder and pair its notebooks'
    ),
    icon: trailIcon,
    isEnabled: () => project.project?.adopted === false,
    execute: () => attempt(trans, () => project.init()),
    describedBy: describe({
      short: {
        type: 'boolean',
        description: trans.__('Whether the label is for a narrow button')
      }
    })
  });

  register(CommandIDs.refresh, {
    label: trans.__('Refresh'),
    caption: trans.__('Ask the server again'),
    icon: refreshIcon,
    execute: async () => {
      await project.refresh();
      await models.current?.refresh();
    },
    describedBy: describe({})
  });

  register(CommandIDs.openPanel, {
    label: trans.__('Pipeline, Runs and Checks'),
    caption: trans.__('Show the panel of nbtrail'),
    icon: trailIcon,
    execute: () => app.shell.activateById(WidgetIDs.panel),
    describedBy: describe({})
  });
}
