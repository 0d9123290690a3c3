import { Notification } from '@jupyterlab/apputils';
import { fastForwardIcon, runIcon, stopIcon } from '@jupyterlab/ui-components';

import { IRunEvent, TrailClient } from '../api';
import { attempt } from '../attempt';
import { trailIcon, verifyIcon } from '../icons';
import { pending, stale } from '../model';
import { CommandIDs, WidgetIDs } from '../tokens';
import {
  describe,
  ICommandsOptions,
  pathOf,
  pathSchema,
  Register,
  text
} from './options';

/** Running, verifying, cancelling. */
export function addRuns(options: ICommandsOptions, register: Register): void {
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
      void Private.reload(options, event.run);
    }
    if (started.delete(event.run)) {
      void Private.announce(options, event);
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
      if (!args['short']) {
        return trans.__('Run the pipeline');
      }
      const { graph } = project;
      const count = graph ? pending(graph) : 0;
      if (!graph || count === 0 || count === graph.steps.length) {
        return trans.__('Run all');
      }
      return count === stale(graph)
        ? trans.__('Run %1 stale', String(count))
        : trans._n('Run %1 step', 'Run %1 steps', count);
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
    isEnabled: args => text(args, 'run') !== null || project.activeRun !== null,
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

namespace Private {
  /** Show what a run has written in the notebooks that are open. */
  export async function reload(
    { files, project }: ICommandsOptions,
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
  export async function announce(
    options: ICommandsOptions,
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
}
