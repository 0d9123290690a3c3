import { TranslationBundle } from '@jupyterlab/translation';
import { Button, ReactWidget } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { IFinding } from '../api';
import { fixCommand, groupFindings, ProjectModel } from '../model';
import { CommandIDs } from '../tokens';
import { Empty } from './bits';

/** The findings, grouped by file. */
export class ChecksBody extends ReactWidget {
  constructor(options: ChecksBody.IOptions) {
    super();
    this.addClass('jp-Trail-checks');
    this._options = options;
    options.project.changed.connect(this._onChanged, this);
  }

  protected override render(): JSX.Element | null {
    const { commands, project, trans } = this._options;
    const failed =
      project.findings.length === 0 && project.hasFailed('findings');
    if (!project.project || failed) {
      return null;
    }
    if (project.findings.length === 0) {
      return (
        <Empty>
          {trans.__('Every notebook has a category, a description and a twin.')}
        </Empty>
      );
    }
    return (
      <>
        {groupFindings(project.findings).map(group => (
          <section key={group.path} className="jp-Trail-findingGroup">
            <h3 className="jp-Trail-findingGroup-title" title={group.path}>
              {group.path.replace(/^.*\//, '')}
            </h3>
            <ul>
              {group.findings.map((finding, index) => (
                <Finding
                  key={`${finding.code}-${finding.cell_id}-${index}`}
                  commands={commands}
                  finding={finding}
                  trans={trans}
                />
              ))}
            </ul>
          </section>
        ))}
      </>
    );
  }

  private _onChanged(): void {
    this.update();
  }

  private readonly _options: ChecksBody.IOptions;
}

export namespace ChecksBody {
  export interface IOptions {
    commands: CommandRegistry;
    project: ProjectModel;
    trans: TranslationBundle;
  }
}

function Finding(props: {
  commands: CommandRegistry;
  finding: IFinding;
  trans: TranslationBundle;
}): JSX.Element {
  const { commands, finding, trans } = props;
  const { cell_id, code, fix, message, path, severity } = finding;
  const mend = fixCommand(finding);
  return (
    <li
      className={`jp-Trail-finding jp-mod-${severity}`}
      data-code={code}
      data-severity={severity}
      data-trail-path={path}
    >
      <code>{code}</code>
      <button
        className="jp-Trail-finding-message"
        title={trans.__('Open %1', path)}
        onClick={() =>
          void commands.execute(CommandIDs.openNotebook, {
            path,
            ...(cell_id ? { cell: cell_id } : {})
          })
        }
      >
        {message}
      </button>
      {mend && (
        <Button
          className="jp-Trail-button"
          data-command={mend.id}
          title={commands.caption(mend.id, mend.args)}
          onClick={() => void commands.execute(mend.id, mend.args)}
        >
          {fix?.label}
        </Button>
      )}
    </li>
  );
}
