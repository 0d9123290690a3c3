import { TranslationBundle } from '@jupyterlab/translation';
import {
  Button,
  ellipsesIcon,
  MenuSvg,
  ReactWidget
} from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { isAutomatic, ProjectModel } from '../model';
import { CommandIDs } from '../tokens';
import { CommandButton } from './bits';

/** Options of the buttons beside a section's title. */
export interface IButtonsOptions {
  commands: CommandRegistry;
  project: ProjectModel;
  trans: TranslationBundle;
}

/** Run, Verify and the menu of what is wanted less often. */
export class PipelineButtons extends ReactWidget {
  constructor(options: IButtonsOptions) {
    super();
    this.addClass('jp-Trail-buttons');
    this._options = options;
    this._menu = new MenuSvg({ commands: options.commands });
    this._menu.addItem({
      command: CommandIDs.runPipeline,
      args: { force: true }
    });
    this._menu.addItem({ command: CommandIDs.runFromHere });
    this._menu.addItem({ type: 'separator' });
    this._menu.addItem({
      command: CommandIDs.newNotebook,
      args: { short: true }
    });
    this._menu.addItem({ command: CommandIDs.adopt });
    this._menu.addItem({ command: CommandIDs.openDiff });
    this._menu.addItem({ command: CommandIDs.checkProject });
    this._menu.addItem({ type: 'separator' });
    this._menu.addItem({ command: CommandIDs.refresh });
    options.project.changed.connect(this._onChanged, this);
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._menu.dispose();
    super.dispose();
  }

  protected override render(): JSX.Element {
    const { commands, project, trans } = this._options;
    return (
      <>
        {project.activeRun ? (
          <CommandButton
            commands={commands}
            id={CommandIDs.cancelRun}
            args={{ short: true }}
          />
        ) : (
          <>
            <CommandButton
              className="jp-mod-primary"
              commands={commands}
              id={CommandIDs.runPipeline}
              args={{ short: true }}
            />
            <CommandButton
              className="jp-mod-collapsible"
              commands={commands}
              id={CommandIDs.verify}
              args={{ short: true }}
            />
          </>
        )}
        <Button
          className="jp-Trail-button jp-mod-icon"
          title={trans.__('More…')}
          aria-label={trans.__('More…')}
          aria-haspopup="menu"
          onClick={event => {
            event.stopPropagation();
            const box = event.currentTarget.getBoundingClientRect();
            this._menu.open(box.left, box.bottom);
          }}
        >
          <ellipsesIcon.react tag="span" className="jp-Trail-button-icon" />
        </Button>
      </>
    );
  }

  private _onChanged(): void {
    this.update();
  }

  private readonly _menu: MenuSvg;
  private readonly _options: IButtonsOptions;
}

/** The button that puts runs side by side. */
export class RunsButtons extends ReactWidget {
  constructor(options: IButtonsOptions) {
    super();
    this.addClass('jp-Trail-buttons');
    this._options = options;
    options.project.changed.connect(this._onChanged, this);
  }

  protected override render(): JSX.Element | null {
    const { commands, project } = this._options;
    return project.comparedRuns.length > 1 ? (
      <CommandButton
        commands={commands}
        id={CommandIDs.compareRuns}
        args={{ short: true }}
      />
    ) : null;
  }

  private _onChanged(): void {
    this.update();
  }

  private readonly _options: IButtonsOptions;
}

/** The button that mends all findings that can be mended without asking. */
export class ChecksButtons extends ReactWidget {
  constructor(options: IButtonsOptions) {
    super();
    this.addClass('jp-Trail-buttons');
    this._options = options;
    options.project.changed.connect(this._onChanged, this);
  }

  protected override render(): JSX.Element | null {
    const { commands, project, trans } = this._options;
    const count = project.findings.filter(isAutomatic).length;
    const total = project.findings.length;
    return (
      <>
        {total > 0 && (
          <span
            className="jp-Trail-count"
            aria-label={trans._n('%1 finding', '%1 findings', total)}
          >
            {total}
          </span>
        )}
        {count > 0 && (
          <Button
            className="jp-Trail-button"
            data-command={CommandIDs.fixFindings}
            title={commands.caption(CommandIDs.fixFindings)}
            onClick={event => {
              event.stopPropagation();
              void commands.execute(CommandIDs.fixFindings);
            }}
          >
            {trans.__('Fix %1', String(count))}
          </Button>
        )}
      </>
    );
  }

  private _onChanged(): void {
    this.update();
  }

  private readonly _options: IButtonsOptions;
}
