import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IDifference, IRun, IRunDetail, IRunStep } from '../api';
import {
  compared,
  comparedPair,
  duration,
  isActive,
  number,
  overlayDetail,
  ProjectModel,
  verdictLine
} from '../model';
import { CommandIDs } from '../tokens';
import { CommandButton, Mark, stateLabel } from './bits';
import type { RunsBody } from './runs';

/** What one run did: verdict, differences, steps, metrics, parameters. */
export function RunDetail(
  props: RunsBody.IOptions & { run: IRun }
): JSX.Element {
  const { commands, project, run, trans } = props;
  const { detail, error } = useDetail(project, run);
  if (error) {
    return <p className="jp-Trail-detail jp-Trail-error">{error}</p>;
  }
  if (!detail) {
    return (
      <p className="jp-Trail-detail" aria-busy="true">
        {trans.__('Loading…')}
      </p>
    );
  }
  const shown = overlayDetail(detail, project.live);
  const verdict = verdictLine(detail, trans);
  const metrics = Object.entries(detail.metrics);
  const parameters = Object.entries(detail.params);
  return (
    <div className="jp-Trail-detail">
      {verdict && (
        <p className={`jp-Trail-verdict jp-mod-${detail.verdict}`}>{verdict}</p>
      )}
      {detail.differences.length > 0 && (
        <Differences differences={detail.differences} trans={trans} />
      )}
      {detail.steps.length > 0 && (
        <ol className="jp-Trail-runSteps">
          {shown.steps.map(step => (
            <RunStep
              key={step.n}
              commands={commands}
              project={project}
              step={step}
              trans={trans}
            />
          ))}
        </ol>
      )}
      {(metrics.length > 0 || parameters.length > 0) && (
        <table className="jp-Trail-table">
          <caption>{trans.__('Metrics and parameters')}</caption>
          <tbody>
            {metrics.map(([name, value]) => (
              <tr key={`m-${name}`} data-metric={name}>
                <th scope="row">{name}</th>
                <td title={String(value)}>{number(value)}</td>
              </tr>
            ))}
            {parameters.map(([name, value]) => (
              <tr key={`p-${name}`} data-parameter={name}>
                <th scope="row">{name}</th>
                <td>{compared(value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {isActive(run) && (
        <CommandButton
          commands={commands}
          id={CommandIDs.cancelRun}
          args={{ run: run.run }}
        />
      )}
    </div>
  );
}

interface IDetailState {
  detail: IRunDetail | null;
  error: string | null;
}

/** The details of a run, fetched again as the run goes on. */
function useDetail(project: ProjectModel, run: IRun): IDetailState {
  const [state, setState] = React.useState<IDetailState>({
    detail: null,
    error: null
  });
  // The step under way changes once for each step, and with it the details.
  const step = project.live?.run === run.run ? project.live.step : null;
  React.useEffect(() => {
    let wanted = true;
    project
      .runDetail(run.run)
      .then(detail => wanted && setState({ detail, error: null }))
      .catch((reason: Error) => {
        if (wanted) {
          setState({ detail: null, error: reason.message });
        }
      });
    return () => {
      wanted = false;
    };
  }, [project, run.run, run.status, run.steps_done, step]);
  return state;
}

function RunStep(props: RunsBody.IOptions & { step: IRunStep }): JSX.Element {
  const { commands, project, step, trans } = props;
  const name =
    project.graph?.steps.find(known => known.path === step.path)?.title ??
    step.path.replace(/^.*\//, '').replace(/\.ipynb$/, '');
  return (
    <li data-trail-path={step.path} data-status={step.status}>
      <button
        className="jp-Trail-runStep"
        title={step.path}
        onClick={() =>
          void commands.execute(CommandIDs.openNotebook, {
            path: step.path,
            ...(step.error?.cell_id ? { cell: step.error.cell_id } : {})
          })
        }
      >
        <Mark state={step.status} label={stateLabel(step.status, trans)} />
        <span className="jp-Trail-runStep-title">{name}</span>
        <span className="jp-Trail-runStep-figure">
          {step.status === 'cached'
            ? trans.__('unchanged')
            : step.status === 'running'
              ? `${step.cells_done}/${step.cells_total}`
              : duration(step.seconds)}
        </span>
      </button>
      {step.error && (
        <p className="jp-Trail-error">
          {step.error.cell !== null
            ? trans.__(
                'Cell %1: %2: %3',
                String(step.error.cell),
                step.error.name,
                step.error.message
              )
            : trans.__('%1: %2', step.error.name, step.error.message)}
        </p>
      )}
    </li>
  );
}

function Differences(props: {
  differences: IDifference[];
  trans: TranslationBundle;
}): JSX.Element {
  const { differences, trans } = props;
  return (
    <table className="jp-Trail-table jp-Trail-differences">
      <thead>
        <tr>
          <th scope="col">{trans.__('What')}</th>
          <th scope="col">{trans.__('Expected')}</th>
          <th scope="col">{trans.__('Now')}</th>
        </tr>
      </thead>
      <tbody>
        {differences.map(difference => {
          const { actual, expected } = difference;
          const [before, after] = comparedPair(expected, actual);
          return (
            <tr
              key={`${difference.kind}-${difference.step}-${difference.name}`}
              data-kind={difference.kind}
              data-name={difference.name}
            >
              <th scope="row" title={difference.step ?? undefined}>
                <span className="jp-Trail-kind">
                  {kindLabel(difference.kind, trans)}
                </span>
                {difference.name}
              </th>
              <td title={compared(expected)}>{before}</td>
              <td title={compared(actual)}>{after}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function kindLabel(
  kind: IDifference['kind'],
  trans: TranslationBundle
): string {
  switch (kind) {
    case 'metric':
      return trans.__('metric');
    case 'file':
      return trans.__('file');
    case 'output':
      return trans.__('output');
    case 'environment':
      return trans.__('environment');
  }
}
