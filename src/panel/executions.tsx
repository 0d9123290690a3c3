import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { IExecution, IFileState } from '../api';
import {
  bytes,
  duration,
  NotebookModel,
  NotebookModels,
  short
} from '../model';
import { CommandIDs } from '../tokens';
import { Empty, Mark, stateLabel } from './bits';

/** The latest executions of the notebook in view. */
export class ExecutionsBody extends ReactWidget {
  constructor(options: ExecutionsBody.IOptions) {
    super();
    this.addClass('jp-Trail-executions');
    this._options = options;
    options.models.currentChanged.connect(this._onCurrentChanged, this);
    this._onCurrentChanged(options.models, options.models.current);
  }

  protected override render(): JSX.Element {
    const { commands, trans } = this._options;
    const model = this._model;
    if (!model || model.projectPath === null) {
      return (
        <Empty>
          {trans.__('Open a notebook to see what ran in it, and when.')}
        </Empty>
      );
    }
    if (model.executions.length === 0) {
      return <Empty>{Private.nothing(model, trans)}</Empty>;
    }
    return (
      <ul aria-live="polite">
        {model.executions.map(execution => (
          <Execution
            key={execution.id}
            commands={commands}
            execution={execution}
            trans={trans}
          />
        ))}
      </ul>
    );
  }

  private _onCurrentChanged(
    _: NotebookModels,
    model: NotebookModel | null
  ): void {
    this._model?.changed.disconnect(this._onChanged, this);
    this._model = model;
    this._model?.changed.connect(this._onChanged, this);
    this.update();
  }

  private _onChanged(): void {
    this.update();
  }

  private _model: NotebookModel | null = null;
  private readonly _options: ExecutionsBody.IOptions;
}

export namespace ExecutionsBody {
  export interface IOptions {
    commands: CommandRegistry;
    models: NotebookModels;
    trans: TranslationBundle;
  }
}

namespace Private {
  /** Why there is nothing; a damaged record is explained above the sections. */
  export function nothing(
    model: NotebookModel,
    trans: TranslationBundle
  ): string {
    if (model.project.project?.store.ok === false) {
      return trans.__('The record cannot be read.');
    }
    return (
      model.error?.message ??
      trans.__(
        'No cell of this notebook is on record. Run one: it appears here.'
      )
    );
  }
}

function Execution(props: {
  commands: CommandRegistry;
  execution: IExecution;
  trans: TranslationBundle;
}): JSX.Element {
  const { commands, execution, trans } = props;
  const [open, setOpen] = React.useState(false);
  const lines = execution.source.trim().split('\n');
  const started = new Date(execution.started_at);
  const state = execution.status === 'ok' ? 'fresh' : execution.status;
  return (
    <li
      className={`jp-Trail-execution jp-mod-${execution.status}`}
      data-execution={execution.id}
      data-status={execution.status}
    >
      <button
        className="jp-Trail-execution-row"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Mark state={state} label={stateLabel(execution.status, trans)} />
        <span className="jp-Trail-execution-count">
          {`[${execution.execution_count ?? ' '}]`}
        </span>
        <code className="jp-Trail-execution-source">
          {lines[0] || trans.__('(empty cell)')}
        </code>
        <span className="jp-Trail-execution-figure">
          {duration(execution.seconds)}
        </span>
      </button>
      {execution.error && (
        <p className="jp-Trail-error">
          {trans.__('%1: %2', execution.error.name, execution.error.message)}
        </p>
      )}
      {open && (
        <div className="jp-Trail-detail">
          {lines.length > 1 && (
            <pre className="jp-Trail-source">{execution.source}</pre>
          )}
          <p>
            {trans.__(
              '%1 · env %2',
              started.toLocaleString(),
              short(execution.environment) || '–'
            )}
          </p>
          <Files label={trans.__('Reads')} files={execution.reads} />
          <Files label={trans.__('Writes')} files={execution.writes} />
          {execution.run && (
            <button
              className="jp-Trail-link"
              onClick={() =>
                void commands.execute(CommandIDs.showRun, {
                  run: execution.run
                })
              }
            >
              {trans.__('Show the run')}
            </button>
          )}
          {execution.cell_id && execution.notebook && (
            <button
              className="jp-Trail-link"
              onClick={() =>
                void commands.execute(CommandIDs.openNotebook, {
                  path: execution.notebook,
                  cell: execution.cell_id
                })
              }
            >
              {trans.__('Go to the cell')}
            </button>
          )}
        </div>
      )}
    </li>
  );
}

function Files(props: {
  label: string;
  files: IFileState[];
}): JSX.Element | null {
  const { files, label } = props;
  if (files.length === 0) {
    return null;
  }
  return (
    <dl className="jp-Trail-files">
      <dt>{label}</dt>
      {files.map(file => (
        <dd key={file.path} title={file.sha256 ?? undefined}>
          <span>{file.path}</span>
          <span>{bytes(file.bytes)}</span>
        </dd>
      ))}
    </dl>
  );
}
