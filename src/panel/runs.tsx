import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { IRun } from '../api';
import {
  byDay,
  isActive,
  ProjectModel,
  runClock,
  runFacts,
  runMark,
  runTitle
} from '../model';
import { CommandIDs } from '../tokens';
import { CommandButton, Empty, Mark, Progress, stateLabel } from './bits';
import { RunDetail } from './run';

/** The runs, newest first, grouped by day. */
export class RunsBody extends ReactWidget {
  constructor(options: RunsBody.IOptions) {
    super();
    this.addClass('jp-Trail-runs');
    this._options = options;
    options.project.changed.connect(this._onChanged, this);
  }

  protected override render(): JSX.Element | null {
    const { commands, project, trans } = this._options;
    const { runs } = project;
    if (!project.graph || (runs.length === 0 && project.hasFailed('runs'))) {
      return null;
    }
    if (runs.length === 0) {
      return (
        <Empty
          action={
            project.graph.steps.length > 0 ? (
              <CommandButton
                commands={commands}
                id={CommandIDs.runPipeline}
                args={{ short: true }}
              />
            ) : null
          }
        >
          {trans.__(
            'Nothing has run yet. A run keeps its code, data, environment and metrics on record.'
          )}
        </Empty>
      );
    }
    return (
      <>
        {byDay(runs, new Date(), trans).map(day => (
          <section key={day.label} className="jp-Trail-day">
            <h3 className="jp-Trail-day-title">{day.label}</h3>
            <ul>
              {day.items.map(run => (
                <Run
                  key={run.run}
                  commands={commands}
                  project={project}
                  run={run}
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

  private readonly _options: RunsBody.IOptions;
}

export namespace RunsBody {
  export interface IOptions {
    commands: CommandRegistry;
    project: ProjectModel;
    trans: TranslationBundle;
  }
}

function Run(props: RunsBody.IOptions & { run: IRun }): JSX.Element {
  const { commands, project, run, trans } = props;
  const open = project.selectedRun === run.run;
  const facts = runFacts(run, trans).join(' · ');
  const active = isActive(run);
  const mark = runMark(run);
  const row = React.useRef<HTMLLIElement>(null);
  const now = useClock(active);
  React.useEffect(() => {
    if (open) {
      row.current?.scrollIntoView({ block: 'nearest' });
    }
  }, [open]);
  return (
    <li
      ref={row}
      className={`jp-Trail-run jp-mod-${mark}`}
      data-run={run.run}
      data-kind={run.kind}
      data-status={run.status}
      data-verdict={run.verdict ?? ''}
    >
      {!active && (
        <input
          type="checkbox"
          className="jp-Trail-run-choice"
          checked={project.isChosen(run.run)}
          title={trans.__('Choose the run for comparing')}
          aria-label={trans.__('Compare %1', runTitle(run, trans))}
          onChange={event => project.chooseRun(run.run, event.target.checked)}
        />
      )}
      <button
        className="jp-Trail-run-row"
        aria-expanded={open}
        onClick={() => {
          project.selectedRun = open ? null : run.run;
        }}
      >
        <Mark state={mark} label={stateLabel(mark, trans)} />
        <span className="jp-Trail-run-title">{runTitle(run, trans)}</span>
        <span className="jp-Trail-run-clock">{runClock(run, now)}</span>
        {facts && (
          <span className="jp-Trail-run-facts" title={facts}>
            {facts}
          </span>
        )}
      </button>
      {active && (
        <Progress
          done={run.steps_done}
          total={run.steps_total}
          label={trans.__('Steps of the run')}
        />
      )}
      {open && (
        <RunDetail
          commands={commands}
          project={project}
          run={run}
          trans={trans}
        />
      )}
    </li>
  );
}

/** The time, every second while something runs. */
function useClock(ticking: boolean): Date {
  const [now, setNow] = React.useState(() => new Date());
  React.useEffect(() => {
    if (!ticking) {
      return;
    }
    const timer = setInterval(() => setNow(new Date()), 1000);
    return () => clearInterval(timer);
  }, [ticking]);
  return now;
}
