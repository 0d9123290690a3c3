import { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, ToolbarButton } from '@jupyterlab/apputils';
import {
  caretDownIcon,
  caretUpIcon,
  refreshIcon,
  Toolbar
} from '@jupyterlab/ui-components';
import { UUID } from '@lumino/coreutils';

import { diffIcon } from '../icons';
import { spokenName } from '../model';
import { DiffBody } from './widget';

export { DiffBody } from './widget';

/** Options of `openDiff`. */
export interface IOpenDiffOptions extends Omit<DiffBody.IOptions, 'name'> {
  app: JupyterFrontEnd;

  /** The notebook that the tab is named after. */
  path: string;
}

/** Open two versions of a notebook in the main area, or show them again. */
export function openDiff(options: IOpenDiffOptions): void {
  const { a, app, b, path, project, trans } = options;
  const key = `${a}\n${b}`;
  for (const widget of app.shell.widgets('main')) {
    if (
      widget instanceof MainAreaWidget &&
      widget.content instanceof DiffBody &&
      widget.node.dataset.trailDiff === key
    ) {
      app.shell.activateById(widget.id);
      void widget.content.refresh();
      return;
    }
  }

  const name = trans.__(
    'Changes: %1',
    spokenName(path, project.project?.categories ?? [])
  );
  const content = new DiffBody({ ...options, name });
  const widget = new MainAreaWidget({ content });
  widget.id = `nbtrail-diff-${UUID.uuid4()}`;
  widget.node.dataset.trailDiff = key;
  widget.title.icon = diffIcon;
  widget.title.label = name;
  widget.title.caption = trans.__('%1 compared with %2', b, a);

  const { toolbar } = widget;
  toolbar.addItem(
    'previous',
    new ToolbarButton({
      icon: caretUpIcon,
      label: trans.__('Previous'),
      tooltip: trans.__('Previous change (P)'),
      onClick: () => content.step(-1)
    })
  );
  toolbar.addItem(
    'next',
    new ToolbarButton({
      icon: caretDownIcon,
      label: trans.__('Next'),
      tooltip: trans.__('Next change (N)'),
      onClick: () => content.step(1)
    })
  );
  toolbar.addItem('spacer', Toolbar.createSpacerItem());
  toolbar.addItem(
    'refresh',
    new ToolbarButton({
      icon: refreshIcon,
      tooltip: trans.__('Compare again'),
      onClick: () => void content.refresh()
    })
  );
  app.shell.add(widget, 'main', { mode: 'tab-after' });
  app.shell.activateById(widget.id);
  void content.refresh();
}
