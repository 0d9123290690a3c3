import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { IGraph, IGraphStep, IRunEvent } from '../api';
import {
  duration,
  hue,
  lanesOf,
  NotebookModels,
  ProjectModel,
  shortMetric,
  stepNumber,
  waitsFor
} from '../model';
import { CommandIDs } from '../tokens';
import { CommandButton, Empty, Mark, Progress, stateLabel } from './bits';

/** The pipeline's steps in their order, grouped by category. */
export class PipelineBody extends ReactWidget {
  constructor(options: PipelineBody.IOptions) {
    super();
    this.addClass('jp-Trail-pipeline');
    this._options = options;
    options.project.changed.connect(this._onChanged, this);
    options.models.currentChanged.connect(this._onChanged, this);
  }

  protected override render(): JSX.Element | null {
    const { commands, models, project, trans } = this._options;
    const { graph } = project;
    if (!graph) {
      return null;
    }
    if (graph.steps.length === 0) {
      return (
        <Empty
          action={
            <CommandButton
              commands={commands}
              id={CommandIDs.newNotebook}
              args={{ short: true }}
            />
          }
        >
          {trans.__(
            'No notebooks here yet. The pipeline appears by itself once notebooks read and write files.'
          )}
        </Empty>
      );
    }
    const categories = project.project?.categories ?? [];
    return (
      <>
        {lanesOf(graph).map(lane => (
          <section
            key={lane.category ?? ''}
            className="jp-Trail-lane"
            data-category={lane.category ?? ''}
            data-hue={hue(lane.category, categories)}
          >
            <h3 className="jp-Trail-lane-title">
              {lane.category ?? trans.__('No category')}
            </h3>
            <ul>
              {lane.steps.map(step => (
                <Step
                  key={step.path}
                  commands={commands}
                  current={models.current?.projectPath === step.path}
                  graph={graph}
                  live={project.live}
                  step={step}
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

  private readonly _options: PipelineBody.IOptions;
}

export namespace PipelineBody {
  export interface IOptions {
    commands: CommandRegistry;
    models: NotebookModels;
    project: ProjectModel;
    trans: TranslationBundle;
  }
}

interface IStepProps {
  commands: CommandRegistry;
  current: boolean;
  graph: IGraph;
  live: IRunEvent | null;
  step: IGraphStep;
  trans: TranslationBundle;
}

function Step(props: IStepProps): JSX.Element {
  const { commands, current, graph, live, step, trans } = props;
  const running = step.status === 'running';
  const progress = running && live?.step === step.path ? live : null;
  return (
    <li
      className={`jp-Trail-step jp-mod-${step.status} ${current ? 'jp-mod-current' : ''}`}
      data-trail-path={step.path}
      data-status={step.status}
    >
      <button
        className="jp-Trail-step-row"
        title={step.path}
        aria-current={current || undefined}
        onClick={() =>
          void commands.execute(CommandIDs.openNotebook, { path: step.path })
        }
      >
        <Mark state={step.status} label={stateLabel(step.status, trans)} />
        <span className="jp-Trail-step-number">{stepNumber(graph, step)}</span>
        <span className="jp-Trail-step-title">{step.title}</span>
        <span className="jp-Trail-step-figure">
          {progress
            ? `${progress.cells_done}/${progress.cells_total}`
            : Private.figure(step, graph, live !== null, trans)}
        </span>
      </button>
      <span className="jp-Trail-step-actions">
        <CommandButton
          commands={commands}
          id={CommandIDs.openDiff}
          args={{ path: step.path }}
          iconOnly
        />
        <CommandButton
          commands={commands}
          id={CommandIDs.runFromHere}
          args={{ path: step.path }}
          iconOnly
        />
      </span>
      {progress && (
        <Progress
          done={progress.cells_done}
          total={progress.cells_total}
          label={trans.__('Cells of %1', step.title)}
        />
      )}
      {step.why && Private.explains(step) && (
        <p className="jp-Trail-step-why">{step.why}</p>
      )}
    </li>
  );
}

namespace Private {
  /** Whether the reason says more than the mark does. */
  export function explains(step: IGraphStep): boolean {
    return step.status === 'stale' || step.status === 'failed';
  }

  /** The figure at the right of a step: a metric, a time, or what it awaits. */
  export function figure(
    step: IGraphStep,
    graph: IGraph,
    busy: boolean,
    trans: TranslationBundle
  ): string {
    if (busy && step.status !== 'fresh') {
      const source = waitsFor(graph, step.path);
      if (source) {
        return trans.__(
          'waits for %1',
          stepNumber(graph, source) || source.title
        );
      }
    }
    return shortMetric(step.metrics) || duration(step.seconds);
  }
}
