import { MainAreaWidget, ToolbarButton } from '@jupyterlab/apputils';
import { refreshIcon, Toolbar } from '@jupyterlab/ui-components';

import { compareIcon, unfoldIcon } from '../icons';
import type { IArguments, IViewContext } from '../main/tokens';
import { ComparisonModel } from '../model';
import { ComparisonBody } from './widget';

/** Runs side by side, with the buttons above them. */
export function createComparison(
  context: IViewContext,
  args: IArguments
): MainAreaWidget<ComparisonBody> {
  const { project, trans } = context;
  const model = new ComparisonModel({
    client: project.client,
    root: String(args.project),
    runs: Array.isArray(args.runs) ? args.runs.map(String) : [],
    stream: project.stream
  });
  const content = new ComparisonBody(context, model);
  const frame = new MainAreaWidget({ content });
  frame.addClass('jp-Trail-frame');
  frame.title.icon = compareIcon;
  frame.title.label = content.name;
  frame.title.caption = model.runs.join(' · ');
  const same = new ToolbarButton({
    icon: unfoldIcon,
    label: trans.__('Unchanged'),
    tooltip: trans.__('Show what is the same in all runs'),
    pressedTooltip: trans.__('Hide what is the same in all runs'),
    onClick: () => {
      model.showsSame = !model.showsSame;
      same.pressed = model.showsSame;
    }
  });
  frame.toolbar.addItem('same', same);
  frame.toolbar.addItem('spacer', Toolbar.createSpacerItem());
  frame.toolbar.addItem(
    'refresh',
    new ToolbarButton({
      icon: refreshIcon,
      tooltip: trans.__('Compare again'),
      onClick: () => void model.refresh()
    })
  );
  return frame;
}
