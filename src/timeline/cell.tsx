import { IOutput, MultilineString } from '@jupyterlab/nbformat';
import {
  Button,
  caretLeftIcon,
  caretRightIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';

import { ICellVersion } from '../api';
import { drawSources } from '../diff/editors';
import { OutputsHost } from '../diff/outputs';
import { restore } from '../diff/restore';
import { Nothing } from '../main/bits';
import { IArguments, IViewContext } from '../main/tokens';
import { TrailView } from '../main/view';
import {
  cellLanguage,
  CellVersionsModel,
  codeLanguage,
  spokenName
} from '../model';
import { kindLabel } from './words';

/** What a cell was, one version after the other, with its outputs. */
export class CellVersionsBody extends TrailView<CellVersionsModel> {
  constructor(context: IViewContext, model: CellVersionsModel) {
    super(context, model);
    this.addClass('jp-Trail-cellVersions');
  }

  override get args(): IArguments {
    const { cell, path, root } = this.model;
    return { cell, path, project: root };
  }

  /** Such as `Cell: ages`. */
  get name(): string {
    const { project, trans } = this.context;
    const categories = project.project?.categories ?? [];
    return trans.__('Cell of %1', spokenName(this.model.path, categories));
  }

  /** Look at the version after this one, or at the one before. */
  step(direction: 1 | -1): void {
    void this.model.step(direction);
  }

  protected override renderContent(): JSX.Element | null {
    const { trans } = this.context;
    const { current, versions } = this.model;
    if (!versions) {
      return null;
    }
    return current ? (
      <Version context={this.context} model={this.model} version={current} />
    ) : (
      <Nothing title={trans.__('The cell is not on record.')}>
        {trans.__('Save the notebook: from then on its versions are kept.')}
      </Nothing>
    );
  }
}

interface IProps {
  context: IViewContext;
  model: CellVersionsModel;
  version: ICellVersion;
}

function Version(props: IProps): JSX.Element {
  const { context, version } = props;
  const { rendermime, trans } = context;
  const { cell } = version;
  const outputs = (cell?.outputs as IOutput[] | undefined) ?? [];
  return (
    <>
      <Steps {...props} />
      {cell === null ? (
        <p className="jp-Trail-none">{trans.__('The cell was removed.')}</p>
      ) : (
        <Text {...props} />
      )}
      {outputs.length > 0 && (
        <OutputsHost outputs={outputs} rendermime={rendermime} />
      )}
      {cell?.cell_type === 'code' && outputs.length === 0 && (
        <p className="jp-Trail-none">{trans.__('no output')}</p>
      )}
    </>
  );
}

/** Which version is looked at, and the way to the others. */
function Steps({ context, model, version }: IProps): JSX.Element {
  const { trans } = context;
  const { hasMore, index, previous, versions } = model;
  const count = `${versions?.length ?? 0}${hasMore ? '+' : ''}`;
  return (
    <header className="jp-Trail-view-header">
      <div className="jp-Trail-steps">
        <Button
          className="jp-Trail-button"
          disabled={previous === null && !hasMore}
          title={trans.__('The version before')}
          onClick={() => void model.step(-1)}
        >
          <caretLeftIcon.react tag="span" />
          {trans.__('Older')}
        </Button>
        <span role="status">
          {trans.__('Version %1 of %2', String(index + 1), count)}
        </span>
        <Button
          className="jp-Trail-button"
          disabled={index === 0}
          title={trans.__('The version after')}
          onClick={() => void model.step(1)}
        >
          {trans.__('Newer')}
          <caretRightIcon.react tag="span" />
        </Button>
        {version.version !== null && version.cell !== null && index > 0 && (
          <Button
            className="jp-Trail-button"
            title={trans.__('Put the cell back as it was then')}
            onClick={() =>
              void restore(context, model, {
                cell: model.cell,
                path: model.path,
                version: version.version ?? ''
              })
            }
          >
            {trans.__('Apply this cell')}
          </Button>
        )}
      </div>
      <p>
        <b>{kindLabel(version.kind, trans)}</b>{' '}
        <time dateTime={version.at}>
          {new Date(version.at).toLocaleString()}
        </time>
        {version.what && ` · ${version.what}`}
      </p>
    </header>
  );
}

/** The source, with what is other than in the version before. */
function Text({ context, model, version }: IProps): JSX.Element {
  const { languages, trans } = context;
  const host = React.useRef<HTMLDivElement>(null);
  const before = model.previous?.cell ?? null;
  React.useLayoutEffect(() => {
    if (!host.current || !version.cell) {
      return;
    }
    const b = sourceText(version.cell.source);
    const drawn = drawSources(
      host.current,
      {
        a: before === null ? b : sourceText(before.source),
        b,
        changes: null,
        labels: {
          a: trans.__('Source in the version before'),
          b: trans.__('Source in this version')
        },
        layout: 'inline',
        language: cellLanguage(version.cell, codeLanguage(null))
      },
      languages
    );
    return () => drawn.dispose();
  }, [before, languages, trans, version]);
  return <div ref={host} className="jp-Trail-sources jp-mod-inline" />;
}

function sourceText(source: MultilineString): string {
  return Array.isArray(source) ? source.join('') : source;
}
