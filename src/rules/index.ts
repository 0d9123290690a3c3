import { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget } from '@jupyterlab/apputils';
import { IRenderMimeRegistry, MimeModel } from '@jupyterlab/rendermime';
import { codeCheckIcon } from '@jupyterlab/ui-components';
import { Panel } from '@lumino/widgets';

import { IRule } from '../api';

/** Show the page of a rule in the main area, or show it again. */
export async function openRule(
  app: JupyterFrontEnd,
  rendermime: IRenderMimeRegistry,
  rule: IRule
): Promise<void> {
  const id = `nbtrail-rule-${rule.code}`;
  for (const widget of app.shell.widgets('main')) {
    if (widget.id === id) {
      app.shell.activateById(id);
      return;
    }
  }
  const renderer = rendermime.createRenderer('text/markdown');
  const content = new Panel();
  content.addClass('jp-Trail-rule');
  content.node.tabIndex = 0;
  content.addWidget(renderer);
  const widget = new MainAreaWidget({ content });
  widget.id = id;
  widget.title.label = rule.code;
  widget.title.caption = rule.title;
  widget.title.icon = codeCheckIcon;
  app.shell.add(widget, 'main', { mode: 'split-right' });
  await renderer.renderModel(
    new MimeModel({
      data: { 'text/markdown': rule.page ?? `# ${rule.code}\n\n${rule.title}` },
      trusted: false
    })
  );
  app.shell.activateById(id);
}
