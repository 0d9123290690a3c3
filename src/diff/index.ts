import { MainAreaWidget, ToolbarButton } from '@jupyterlab/apputils';
import {
  caretDownIcon,
  caretUpIcon,
  refreshIcon,
  Toolbar
} from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';

import {
  diffIcon,
  inlineIcon,
  outputsIcon,
  restoreIcon,
  unfoldIcon
} from '../icons';
import type { IArguments, IViewContext } from '../main/tokens';
import { contentsPath, DiffModel } from '../model';
import { CommandIDs } from '../tokens';
import { DiffBody } from './widget';

/** Two versions of a notebook, with the buttons above them. */
export function createDiff(
  context: IViewContext,
  args: IArguments
): MainAreaWidget<DiffBody> {
  const { app, files, project, trans } = context;
  const path = String(args.path);
  const root = String(args.project);
  const model = new DiffModel({
    a: String(args.a),
    b: String(args.b),
    client: project.client,
    document: () => files.documents.of(contentsPath(root, path))[0] ?? null,
    path,
    root,
    stream: project.stream
  });
  const content = new DiffBody(context, model);
  const frame = new MainAreaWidget({ content });
  frame.addClass('jp-Trail-frame');
  frame.title.icon = diffIcon;
  const entitle = (): void => {
    frame.title.label = content.name;
    frame.title.caption = trans.__('%1 compared with %2', model.b, model.a);
  };
  entitle();
  project.changed.connect(entitle, frame);
  content.renamed.connect(entitle);

  const { toolbar } = frame;
  const keys = (id: string): string =>
    app.commands.keyBindings
      .find(({ command }) => command === id)
      ?.keys.map(CommandRegistry.formatKeystroke)
      .join(' ') ?? '–';
  toolbar.addItem(
    'previous',
    new ToolbarButton({
      icon: caretUpIcon,
      label: trans.__('Previous'),
      tooltip: trans.__(
        'Previous change (%1)',
        keys(CommandIDs.previousChange)
      ),
      onClick: () => content.step(-1)
    })
  );
  toolbar.addItem(
    'next',
    new ToolbarButton({
      icon: caretDownIcon,
      label: trans.__('Next'),
      tooltip: trans.__('Next change (%1)', keys(CommandIDs.nextChange)),
      onClick: () => content.step(1)
    })
  );
  const toggles = [
    {
      name: 'inline',
      icon: inlineIcon,
      label: trans.__('Inline'),
      tooltip: trans.__(
        'Show both versions in one text instead of side by side'
      ),
      get: () => model.layout === 'inline',
      set: (on: boolean) => {
        model.layout = on ? 'inline' : 'split';
      }
    },
    {
      name: 'outputs',
      icon: outputsIcon,
      label: trans.__('Outputs'),
      tooltip: trans.__('Show the outputs of all cells'),
      get: () => model.showsOutputs,
      set: (on: boolean) => {
        model.showsOutputs = on;
      }
    },
    {
      name: 'unchanged',
      icon: unfoldIcon,
      label: trans.__('Unchanged'),
      tooltip: trans.__('Show the cells that did not change'),
      get: () => model.showsUnchanged,
      set: (on: boolean) => {
        model.showsUnchanged = on;
      }
    }
  ];
  for (const { get, icon, label, name, set, tooltip } of toggles) {
    const button = new ToolbarButton({
      icon,
      label,
      tooltip,
      pressedTooltip: tooltip,
      pressed: get(),
      onClick: () => {
        set(!get());
        button.pressed = get();
      }
    });
    toolbar.addItem(name, button);
  }
  toolbar.addItem('spacer', Toolbar.createSpacerItem());
  const restore = new ToolbarButton({
    icon: restoreIcon,
    label: trans.__('Restore this notebook'),
    tooltip: trans.__(
      'Put the notebook back as it was in the version before; the present is kept'
    ),
    onClick: () => void content.restoreAll()
  });
  toolbar.addItem('restore', restore);
  model.changed.connect(() => {
    restore.enabled = model.canRestore;
  });
  toolbar.addItem(
    'refresh',
    new ToolbarButton({
      icon: refreshIcon,
      tooltip: trans.__('Compare again'),
      onClick: () => void model.refresh()
    })
  );
  return frame;
}
