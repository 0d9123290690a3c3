import { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import {
  addIcon,
  codeCheckIcon,
  editIcon,
  fastForwardIcon,
  linkIcon,
  notebookIcon,
  refreshIcon,
  runIcon,
  stopIcon
} from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import {
  ReadonlyJSONObject,
  ReadonlyPartialJSONObject
} from '@lumino/coreutils';
import { DisposableSet, IDisposable } from '@lumino/disposable';

import { IRunEvent, TrailClient } from './api';
import { askDraft, askNewNotebook, askRename, attempt } from './dialogs';
import { diffIcon, trailIcon, verifyIcon } from './icons';
import {
  isDraft,
  NotebookFiles,
  NotebookModels,
  pending,
  ProjectModel
} from './model';
import { CommandIDs, WidgetIDs } from './tokens';

/** Everything that a person can tell nbtrail to do. */
export namespace TrailCommands {
  export interface IOptions {
    app: JupyterFrontEnd;
    files: NotebookFiles;
    models: NotebookModels;
    project: ProjectModel;
    rendermime: IRenderMimeRegistry;
    trans: TranslationBundle;
  }

  /** Register the commands; returns what takes them away again. */
  export function add(options: IOptions): IDisposable {
    const commands = new DisposableSet();
    const register = (id: string, command: Private.ICommand): void => {
      commands.add(options.app.commands.addCommand(id, command));
    };
    Private.runs(options, register);
    Private.notebooks(options, register);
    Private.project(options, register);
    return commands;
  }

  /** The commands in the order of the palette. */
  export const ALL = Object.values(CommandIDs);
}

namespace Private {
  export type ICommand = CommandRegistry.ICommandOptions;
  type Register = (id: string, command: ICommand) => void;
  type Arguments = ReadonlyPartialJSONObject;

  /** Running, verifying, cancelling. */
  export function runs(
    options: TrailCommands.IOptions,
    register: Register
  ): void {
    const { app, project, trans } = options;
    const started = new Set<string>();
    const idle = (): boolean =>
      (project.graph?.steps.length ?? 0) > 0 && project.activeRun === null;

    const start = async (request: TrailClient.IRunRequest): Promise<void> => {
      const run = await attempt(trans, () => project.startRun(request));
      if (run === null) {
        return;
      }
      started.add(run);
      if (request.kind === 'verify') {
        project.selectedRun = run;
      }
    };

    project.runFinished.connect((_, event) => {
      if (event.kind === 'pipeline') {
        void reload(options, event.run);
      }
      if (started.delete(event.run)) {
        void announce(options, event);
      }
    });
    project.changed.connect(() => {
      app.commands.notifyCommandChanged(CommandIDs.runPipeline);
      app.commands.notifyCommandChanged(CommandIDs.runFromHere);
      app.commands.notifyCommandChanged(CommandIDs.verify);
      app.commands.notifyCommandChanged(CommandIDs.cancelRun);
    });

    register(CommandIDs.runPipeline, {
      label: args => {
        if (args['force']) {
          return trans.__('Run everything again');
        }
        const { graph } = project;
        const count = graph ? pending(graph) : 0;
        return args['short'] && graph && count > 0 && count < graph.steps.length
          ? trans.__('Run %1 stale', String(count))
          : args['short']
            ? trans.__('Run all')
            : trans.__('Run the pipeline');
      },
      caption: trans.__(
        'Run the notebooks in their order; steps that are fresh are skipped'
      ),
      icon: runIcon,
      isEnabled: idle,
      execute: args =>
        start({ kind: 'pipeline', ...(args['force'] ? { force: true } : {}) }),
      describedBy: describe({
        force: {
          type: 'boolean',
          description: trans.__('Run fresh steps again too')
        },
        short: {
          type: 'boolean',
          description: trans.__('Whether the label is for a narrow button')
        }
      })
    });

    register(CommandIDs.runFromHere, {
      label: trans.__('Run from here'),
      caption: trans.__('Run this notebook and what follows from it'),
      icon: fastForwardIcon,
      isEnabled: args => idle() && pathOf(options, args) !== null,
      execute: args => {
        const from = pathOf(options, args);
        return from === null ? undefined : start({ kind: 'pipeline', from });
      },
      describedBy: describe({ path: pathSchema(trans) })
    });

    register(CommandIDs.verify, {
      label: args =>
        args['short'] ? trans.__('Verify') : trans.__('Verify the results'),
      caption: trans.__(
        'Run a copy of the project from nothing and compare it with the last run'
      ),
      icon: verifyIcon,
      isEnabled: idle,
      execute: args => {
        const against = text(args, 'against');
        return start({ kind: 'verify', ...(against ? { against } : {}) });
      },
      describedBy: describe({
        against: {
          type: 'string',
          description: trans.__('Identifier or tag of the run to compare with')
        },
        short: {
          type: 'boolean',
          description: trans.__('Whether the label is for a narrow button')
        }
      })
    });

    register(CommandIDs.cancelRun, {
      label: args =>
        args['short'] ? trans.__('Cancel') : trans.__('Cancel the run'),
      caption: trans.__('Stop the run that is under way'),
      icon: stopIcon,
      isEnabled: args =>
        text(args, 'run') !== null || project.activeRun !== null,
      execute: async args => {
        const run = text(args, 'run') ?? project.activeRun?.run;
        if (run) {
          await attempt(trans, () => project.cancelRun(run));
        }
      },
      describedBy: describe({
        run: {
          type: 'string',
          description: trans.__('Identifier of the run, else the one under way')
        },
        short: {
          type: 'boolean',
          description: trans.__('Whether the label is for a narrow button')
        }
      })
    });

    register(CommandIDs.showRun, {
      label: trans.__('Show a run'),
      caption: trans.__('Open the details of a run, by default of the last'),
      icon: trailIcon,
      execute: args => {
        project.selectedRun = text(args, 'run') ?? project.runs[0]?.run ?? null;
        app.shell.activateById(WidgetIDs.panel);
      },
      describedBy: describe({
        run: { type: 'string', description: trans.__('Identifier of the run') }
      })
    });
  }

  /** Naming, making, pairing, comparing notebooks. */
  export function notebooks(
    options: TrailCommands.IOptions,
    register: Register
  ): void {
    const { app, files, project, trans } = options;
    const hasPath = (args: Arguments): boolean =>
      pathOf(options, args) !== null;

    const rename = async (path: string): Promise<void> => {
      await attempt(trans, async () => {
        const form = {
          categories: files.categories,
          trans,
          value: await files.parts(path)
        };
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

    register(CommandIDs.newNotebook, {
      label: args =>
        args['short'] ? trans.__('New notebook…') : trans.__('Named Notebook…'),
      caption: trans.__('Make a notebook with a category and a readable twin'),
      icon: addIcon,
      isEnabled: () => project.project !== null,
      execute: async args => {
        const parts = await askNewNotebook({
          categories: files.categories,
          trans,
          value: {
            sequence: null,
            category: text(args, 'category') ?? files.categories[0] ?? null,
            description: text(args, 'description') ?? ''
          }
        });
        if (!parts?.category) {
          return;
        }
        const { category, description } = parts;
        await attempt(trans, async () => {
          const { path } = await project.client.createNotebook(project.root, {
            category,
            description
          });
          await app.commands.execute(CommandIDs.openNotebook, { path });
          await project.refresh('graph', 'findings');
        });
      },
      describedBy: describe({
        category: {
          type: 'string',
          description: trans.__('Category that is proposed')
        },
        description: {
          type: 'string',
          description: trans.__('Description that is proposed')
        },
        short: {
          type: 'boolean',
          description: trans.__('Whether the label is for a narrow button')
        }
      })
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
        const { openDiff } = await import('./diff');
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

  /** The project as a whole. */
  export function project(
    options: TrailCommands.IOptions,
    register: Register
  ): void {
    const { app, models, project, trans } = options;

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

  /** Show what a run has written in the notebooks that are open. */
  async function reload(
    { files, project }: TrailCommands.IOptions,
    run: string
  ): Promise<void> {
    const { steps } = await project.runDetail(run);
    await files.reload(
      steps
        .filter(({ status }) => status === 'ran' || status === 'failed')
        .map(({ path }) => path)
    );
  }

  /** Tell how a run ended that was started here. */
  async function announce(
    options: TrailCommands.IOptions,
    event: IRunEvent
  ): Promise<void> {
    const { app, project, trans } = options;
    const run = await project.runDetail(event.run);
    const show = {
      label: trans.__('Show'),
      callback: () => {
        void app.commands.execute(CommandIDs.showRun, { run: event.run });
      }
    };
    if (run.verdict === 'identical') {
      Notification.success(trans.__('Verified: the results are identical.'), {
        actions: [show],
        autoClose: 5000
      });
    } else if (run.verdict === 'different') {
      Notification.warning(
        trans._n(
          'Verified: %1 result is different.',
          'Verified: %1 results are different.',
          run.differences.length
        ),
        { actions: [show], autoClose: false }
      );
    } else if (run.status === 'failed') {
      Notification.error(
        run.message
          ? trans.__('The run failed: %1', run.message)
          : trans.__('The run failed.'),
        { actions: [show], autoClose: false }
      );
    }
  }

  /** The notebook that a command is about, as a path in the project. */
  function pathOf(
    { app, models }: TrailCommands.IOptions,
    args: Arguments
  ): string | null {
    const given = text(args, 'path');
    if (given !== null) {
      return given;
    }
    if (args['context']) {
      const node = app.contextMenuHitTest(
        candidate => candidate.dataset.trailPath !== undefined
      );
      return node?.dataset.trailPath ?? null;
    }
    return models.current?.projectPath ?? null;
  }

  function text(args: Arguments, name: string): string | null {
    const value = args[name];
    return typeof value === 'string' && value !== '' ? value : null;
  }

  function pathSchema(trans: TranslationBundle): ReadonlyJSONObject {
    return {
      type: 'string',
      description: trans.__(
        'Path of the notebook in the project, else the one in view'
      )
    };
  }

  function describe(properties: { [name: string]: ReadonlyJSONObject }): {
    args: ReadonlyJSONObject;
  } {
    return { args: { type: 'object', properties } };
  }
}
