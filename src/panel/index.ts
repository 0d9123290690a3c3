import { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import { SidePanel } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import { Message, MessageLoop } from '@lumino/messaging';
import { AccordionPanel, Widget } from '@lumino/widgets';

import { trailIcon } from '../icons';
import { NotebookModels, ProjectModel } from '../model';
import { WidgetIDs } from '../tokens';
import { ChecksButtons, PipelineButtons } from './buttons';
import { ChecksBody } from './checks';
import { ExecutionsBody } from './executions';
import { HeaderBody } from './header';
import { PipelineBody } from './pipeline';
import { RunsBody } from './runs';
import { Section } from './section';

/** The sidebar: pipeline, runs, history of the notebook in view, checks. */
export class TrailPanel extends SidePanel {
  constructor(options: TrailPanel.IOptions) {
    super({ translator: options.translator });
    const { project, trans } = options;
    this._project = project;
    this._panelTrans = trans;
    this.id = WidgetIDs.panel;
    this.addClass('jp-Trail-panel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('nbtrail'));
    this.title.icon = trailIcon;

    this.header.addWidget(new HeaderBody(options));
    this.addWidget(
      new Section({
        name: 'pipeline',
        label: trans.__('Pipeline'),
        body: new PipelineBody(options),
        buttons: new PipelineButtons(options)
      })
    );
    this.addWidget(
      new Section({
        name: 'runs',
        label: trans.__('Runs'),
        body: new RunsBody(options)
      })
    );
    this.addWidget(
      new Section({
        name: 'history',
        label: trans.__('History'),
        body: new ExecutionsBody(options)
      })
    );
    this.addWidget(
      new Section({
        name: 'checks',
        label: trans.__('Checks'),
        body: new ChecksBody(options),
        buttons: new ChecksButtons(options)
      })
    );
    project.changed.connect(this._onChanged, this);
    this._onChanged();
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._headerSize.observe(this.header.node);
  }

  protected override onBeforeDetach(msg: Message): void {
    this._headerSize.disconnect();
    super.onBeforeDetach(msg);
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    if (!this._sized) {
      this._sized = true;
      (this.content as AccordionPanel).setRelativeSizes(Private.SIZES);
    }
  }

  /** Show the number of findings on the panel's icon. */
  private _onChanged(): void {
    const trans = this._panelTrans;
    const count = this._project.findings.length;
    this.title.caption =
      count > 0
        ? trans._n('nbtrail · %1 finding', 'nbtrail · %1 findings', count)
        : trans.__('nbtrail');
    this.title.dataset = {
      jpTabLabel: trans.__('nbtrail'),
      ...(count > 0
        ? { 'trail-count': count > 99 ? '99+' : String(count) }
        : {})
    };
  }

  // The sections are placed by Lumino, which does not see the header grow.
  private readonly _headerSize = new ResizeObserver(() => {
    MessageLoop.postMessage(this.content, Widget.ResizeMessage.UnknownSize);
  });
  private readonly _panelTrans: TranslationBundle;
  private readonly _project: ProjectModel;
  private _sized = false;
}

export namespace TrailPanel {
  export interface IOptions {
    commands: CommandRegistry;
    models: NotebookModels;
    project: ProjectModel;
    trans: TranslationBundle;
    translator: ITranslator;
  }
}

namespace Private {
  /** How the sections share the height at first. */
  export const SIZES = [0.48, 0.24, 0.15, 0.13];
}
