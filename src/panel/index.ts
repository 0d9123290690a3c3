import { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import { SidePanel } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import { Message, MessageLoop } from '@lumino/messaging';
import { AccordionPanel, Widget } from '@lumino/widgets';

import { trailIcon } from '../icons';
import { NotebookModels, ProjectModel } from '../model';
import { WidgetIDs } from '../tokens';
import { ChecksButtons, PipelineButtons, RunsButtons } from './buttons';
import { ChecksBody } from './checks';
import { ExecutionsBody } from './executions';
import { HeaderBody } from './header';
import { PipelineBody } from './pipeline';
import { RunsBody } from './runs';
import { Section } from './section';
import { IHeights, shareHeight } from './sizes';

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
    this._sections = {
      pipeline: new Section({
        name: 'pipeline',
        label: trans.__('Pipeline'),
        body: new PipelineBody(options),
        buttons: new PipelineButtons(options)
      }),
      runs: new Section({
        name: 'runs',
        label: trans.__('Runs'),
        body: new RunsBody(options),
        buttons: new RunsButtons(options)
      }),
      history: new Section({
        name: 'history',
        label: trans.__('History'),
        body: new ExecutionsBody(options)
      }),
      checks: new Section({
        name: 'checks',
        label: trans.__('Checks'),
        body: new ChecksBody(options),
        buttons: new ChecksButtons(options)
      })
    };
    Object.values(this._sections).forEach(section => this.addWidget(section));
    for (const sign of ['pointerdown', 'keydown']) {
      this.content.node.addEventListener(sign, () => {
        this._inUse = true;
      });
    }
    project.changed.connect(this._onChanged, this);
    this._onChanged();
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._headerSize.observe(this.header.node);
    Object.values(this._sections).forEach(s => s.observe(this._contentSize));
  }

  protected override onBeforeDetach(msg: Message): void {
    this._headerSize.disconnect();
    this._contentSize.disconnect();
    super.onBeforeDetach(msg);
  }

  private get _accordion(): AccordionPanel {
    return this.content as AccordionPanel;
  }

  /**
   * Size the sections by what is in them, until someone begins to use them;
   * sizes that a person chose, now or in the last session, stay.
   */
  private _fitSections(): void {
    const sections = Object.values(this._sections);
    const steps = this._project.graph?.steps.length ?? 0;
    if (this._inUse || steps === 0 || !sections.every(s => s.isVisible)) {
      return;
    }
    if (!this._fitted && !Private.areEqual(this._accordion.relativeSizes())) {
      this._inUse = true;
      return;
    }
    this._fitted = true;
    const { pipeline, runs, history, checks } = this._sections;
    const shares = shareHeight(
      {
        pipeline: pipeline.contentHeight,
        runs: runs.contentHeight,
        history: history.contentHeight,
        checks: checks.contentHeight
      },
      sections.reduce((sum, { node }) => sum + node.offsetHeight, 0)
    );
    this._accordion.setRelativeSizes(Object.values(shares));
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
  private readonly _contentSize = new ResizeObserver(() => this._fitSections());
  private readonly _panelTrans: TranslationBundle;
  private readonly _project: ProjectModel;
  private readonly _sections: { [name in keyof IHeights]: Section };
  private _fitted = false;
  private _inUse = false;
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
  /** Whether the shares are those that Lumino gives to new sections. */
  export function areEqual(shares: number[]): boolean {
    return shares.every(share => Math.abs(share - 1 / shares.length) < 0.02);
  }
}
