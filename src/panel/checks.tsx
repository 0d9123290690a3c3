import { TranslationBundle } from '@jupyterlab/translation';
import { Button, ReactWidget } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { IFinding } from '../api';
import {
  countNames,
  fixCommand,
  groupFindings,
  IFindingGroup,
  messageParts,
  NotebookModels,
  ProjectModel,
  silenceComment
} from '../model';
import { CommandIDs } from '../tokens';
import { CommandButton, Empty } from './bits';

/** From how many findings on only those of the notebook in view are unfolded. */
const MANY = 30;

/** The findings, grouped by file. */
export class ChecksBody extends ReactWidget {
  constructor(options: ChecksBody.IOptions) {
    super();
    this.addClass('jp-Trail-checks');
    this._options = options;
    options.project.changed.connect(this._onChanged, this);
    options.models.currentChanged.connect(this._onChanged, this);
  }

  protected override render(): JSX.Element | null {
    const { commands, models, project, trans } = this._options;
    const { findings } = project;
    const failed = findings.length === 0 && project.hasFailed('findings');
    if (!project.project || failed) {
      return null;
    }
    if (findings.length === 0) {
      return <Empty>{trans.__('No rule is broken.')}</Empty>;
    }
    const names = countNames(findings);
    const current = models.current?.projectPath;
    return (
      <>
        {names > 1 && (
          <div className="jp-Trail-checks-hint">
            <span>
              {trans._n(
                '%1 notebook needs another name',
                '%1 notebooks need other names',
                names
              )}
            </span>
            <CommandButton
              commands={commands}
              id={CommandIDs.adopt}
              args={{ short: true }}
            />
          </div>
        )}
        {groupFindings(findings).map(group => (
          <Group
            key={group.path}
            {...this._options}
            group={group}
            unfolded={findings.length <= MANY || group.path === current}
          />
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
    models: NotebookModels;
    project: ProjectModel;
    trans: TranslationBundle;
  }
}

/** The findings about one file. */
function Group(
  props: Pick<ChecksBody.IOptions, 'commands' | 'trans'> & {
    group: IFindingGroup;
    unfolded: boolean;
  }
): JSX.Element {
  const { commands, group, trans, unfolded } = props;
  const [chosen, choose] = React.useState<boolean | null>(null);
  const open = chosen ?? unfolded;
  const { findings, path } = group;
  return (
    <section className="jp-Trail-findingGroup">
      <h3>
        <button
          className="jp-Trail-findingGroup-title"
          title={path}
          aria-expanded={open}
          onClick={() => choose(!open)}
        >
          <span>{path.replace(/^.*\//, '')}</span>
          {findings.length > 1 && (
            <span
              className="jp-Trail-findingGroup-count"
              aria-label={trans._n(
                '%1 finding',
                '%1 findings',
                findings.length
              )}
            >
              {findings.length}
            </span>
          )}
        </button>
      </h3>
      {open && (
        <ul>
          {findings.map((finding, index) => (
            <Finding
              key={`${finding.code}-${finding.cell_id}-${index}`}
              commands={commands}
              finding={finding}
              trans={trans}
            />
          ))}
        </ul>
      )}
    </section>
  );
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
      data-trail-cell={cell_id ?? ''}
    >
      <button
        className="jp-Trail-finding-code"
        title={
          severity === 'error'
            ? trans.__('%1 is enforced: what it says', code)
            : trans.__('%1: what it says', code)
        }
        onClick={() => void commands.execute(CommandIDs.showRule, { code })}
      >
        {code}
      </button>
      <button
        className="jp-Trail-finding-message"
        title={`${message.replace(/`/g, '')}\n${trans.__('Open %1', path)}`}
        onClick={() =>
          void commands.execute(CommandIDs.openNotebook, {
            path,
            ...(cell_id ? { cell: cell_id } : {})
          })
        }
      >
        <span className="jp-Trail-finding-text">
          {messageParts(message).map(({ code: isCode, text }, index) =>
            isCode ? <code key={index}>{text}</code> : text
          )}
        </span>
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
      {silenceComment(finding, 'code') !== null && (
        <span className="jp-Trail-finding-actions">
          <CommandButton
            commands={commands}
            id={CommandIDs.silenceFinding}
            args={{ cell: cell_id, code, path }}
            iconOnly
          />
        </span>
      )}
    </li>
  );
}
