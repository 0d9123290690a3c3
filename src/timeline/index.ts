import { MainAreaWidget, ToolbarButton } from '@jupyterlab/apputils';
import { refreshIcon, Toolbar } from '@jupyterlab/ui-components';

import { timelineIcon } from '../icons';
import type { IArguments, IViewContext } from '../main/tokens';
import { TrailView } from '../main/view';
import { CellVersionsModel, TimelineModel } from '../model';
import { CellVersionsBody } from './cell';
import { TimelineBody } from './widget';

/** What happened to a notebook, or what one of its cells was. */
export function createTimeline(
  context: IViewContext,
  args: IArguments
): MainAreaWidget<TrailView> {
  const { project, trans } = context;
  const options = {
    client: project.client,
    path: String(args.path),
    root: String(args.project),
    stream: project.stream
  };
  const content =
    typeof args.cell === 'string'
      ? new CellVersionsBody(
          context,
          new CellVersionsModel({ ...options, cell: args.cell })
        )
      : new TimelineBody(context, new TimelineModel(options));
  const frame = new MainAreaWidget<TrailView>({ content });
  frame.addClass('jp-Trail-frame');
  frame.title.icon = timelineIcon;
  frame.title.caption = options.path;
  const entitle = (): void => {
    frame.title.label = content.name;
  };
  entitle();
  project.changed.connect(entitle, frame);
  frame.toolbar.addItem('spacer', Toolbar.createSpacerItem());
  frame.toolbar.addItem(
    'refresh',
    new ToolbarButton({
      icon: refreshIcon,
      tooltip: trans.__('Look again'),
      onClick: () => void content.model.refresh()
    })
  );
  return frame;
}
