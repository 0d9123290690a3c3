import * as React from 'react';

import { IComparison, IExplanation } from '../api';
import { Nothing } from '../main/bits';
import { IArguments, IViewContext } from '../main/tokens';
import { TrailView } from '../main/view';
import {
  columnNames,
  ComparisonModel,
  moved,
  runTitle,
  spokenName
} from '../model';
import { Code } from './code';
import { Files } from './files';
import { Plots } from './plots';
import { Environment, SideBySide } from './tables';
import { reasonLabel } from './words';

/** What the parts of the view work with. */
export interface IComparisonProps {
  comparison: IComparison;
  context: IViewContext;

  /** What the runs are called in a column. */
  names: string[];
  model: ComparisonModel;
}

/** Two or more runs in the main area. */
export class ComparisonBody extends TrailView<ComparisonModel> {
  constructor(context: IViewContext, model: ComparisonModel) {
    super(context, model);
    this.addClass('jp-Trail-runsView');
  }

  override get args(): IArguments {
    const { root, runs } = this.model;
    return { project: root, runs: [...runs] };
  }

  /** Such as `2 runs`. */
  get name(): string {
    const { trans } = this.context;
    const { length } = this.model.runs;
    return trans._n('%1 run', '%1 runs compared', length);
  }

  protected override renderContent(): JSX.Element | null {
    const { comparison } = this.model;
    if (!comparison) {
      return null;
    }
    const { trans } = this.context;
    const props: IComparisonProps = {
      comparison,
      context: this.context,
      model: this.model,
      names: columnNames(comparison.runs)
    };
    const { metrics, params } = comparison;
    return (
      <>
        <Heads {...props} />
        <Explains {...props} />
        <SideBySide
          {...props}
          label={trans.__('Metrics')}
          name="metrics"
          nothing={trans.__('No metric is on record.')}
          values={metrics}
        />
        <Plots {...props} />
        <SideBySide
          {...props}
          label={trans.__('Parameters')}
          name="params"
          nothing={trans.__('No parameter is on record.')}
          values={params}
        />
        <Code {...props} />
        <Environment {...props} />
        <Files {...props} label={trans.__('Inputs')} kind="inputs" />
        <Files {...props} label={trans.__('Outputs')} kind="outputs" />
      </>
    );
  }
}

/** Which runs stand side by side. */
function Heads({ comparison, context, names }: IComparisonProps): JSX.Element {
  const { trans } = context;
  return (
    <header className="jp-Trail-view-header">
      <h2>{trans.__('Runs side by side')}</h2>
      <ol>
        {comparison.runs.map((run, index) => (
          <li key={run.run}>
            <b>{names[index]}</b> {runTitle(run, trans)} ·{' '}
            <time dateTime={run.started_at}>
              {new Date(run.started_at).toLocaleString()}
            </time>
          </li>
        ))}
      </ol>
    </header>
  );
}

/** What explains the metrics that changed; those with one reason together. */
function Explains({ comparison, context }: IComparisonProps): JSX.Element {
  const { trans } = context;
  const { differences, explains } = comparison;
  const groups = new Map<string, IExplanation[]>();
  for (const one of explains) {
    const key = `${one.step}|${one.kind}|${one.what}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  if (explains.length === 0 && differences.length === 0) {
    return (
      <Nothing title={trans.__('The runs are alike.')}>
        {trans.__(
          'Code, parameters, environment, inputs and metrics are the same.'
        )}
      </Nothing>
    );
  }
  return (
    <section className="jp-Trail-part" data-part="explains">
      <h3>{trans.__('What explains the changed metrics')}</h3>
      {explains.length === 0 && <p>{trans.__('No metric changed.')}</p>}
      {[...groups.values()].map(group => (
        <Explained key={group[0].metric} context={context} group={group} />
      ))}
      {differences.length > 1 && (
        <details>
          <summary>
            {trans._n(
              '%1 difference along the pipeline',
              '%1 differences along the pipeline',
              differences.length
            )}
          </summary>
          <ol>
            {differences.map(({ kind, step, what }, index) => (
              <li key={index}>
                <span className="jp-Trail-kindWord">
                  {reasonLabel(kind, trans)}
                </span>
                {step !== null && <b>{stepName(context, step)}: </b>}
                {what}
              </li>
            ))}
          </ol>
        </details>
      )}
    </section>
  );
}

function Explained(props: {
  context: IViewContext;
  group: IExplanation[];
}): JSX.Element {
  const { context, group } = props;
  const { trans } = context;
  const [{ kind, step, what }] = group;
  const value = (number: number | null): string =>
    number === null ? '–' : String(Number(number.toPrecision(6)));
  return (
    <div className="jp-Trail-explain" data-kind={kind}>
      <p>
        {group.map(({ after, before, metric }, index) => (
          <React.Fragment key={metric}>
            {index > 0 && ', '}
            <b>
              {metric} {value(before)} → {value(after)}
            </b>
            <span className="jp-Trail-moved">{moved(before, after)}</span>
          </React.Fragment>
        ))}
      </p>
      <p>
        <span className="jp-Trail-kindWord">{reasonLabel(kind, trans)}</span>
        {step === null
          ? what
          : trans.__('%1: %2', stepName(context, step), what)}
      </p>
    </div>
  );
}

/** What a step is called. */
export function stepName({ project }: IViewContext, path: string): string {
  return spokenName(path, project.project?.categories ?? []);
}
