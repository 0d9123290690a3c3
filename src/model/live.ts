import { IGraph, IRun, IRunDetail, IRunEvent, RunStatus } from '../api';

/** Whether a run has not come to its end. */
export function isActive(run: { status: RunStatus }): boolean {
  return run.status === 'queued' || run.status === 'running';
}

/** Path for the Contents API of a path in the project at `root`. */
export function contentsPath(root: string, path: string): string {
  return root ? `${root}/${path}` : path;
}

/** A run with the progress that its last event told of. */
export function overlayRun(run: IRun, event?: IRunEvent): IRun {
  if (!event || !isActive(run)) {
    return run;
  }
  const { status, steps_done, steps_total } = event;
  return { ...run, status, steps_done, steps_total };
}

/**
 * The pipeline with the step that runs now marked as such.
 *
 * A verify works on a copy: its steps say nothing about those of the project.
 */
export function overlayGraph(graph: IGraph, event: IRunEvent | null): IGraph {
  if (!event || event.kind === 'verify' || !event.step) {
    return graph;
  }
  return {
    ...graph,
    steps: graph.steps.map(step =>
      step.path === event.step ? { ...step, status: 'running' } : step
    )
  };
}

/** A run's details with the step that its last event told of. */
export function overlayDetail(
  detail: IRunDetail,
  event: IRunEvent | null
): IRunDetail {
  if (!event || event.run !== detail.run || !isActive(detail)) {
    return detail;
  }
  const { cells_done, cells_total } = event;
  return {
    ...detail,
    steps: detail.steps.map(step =>
      step.path === event.step
        ? { ...step, status: 'running', cells_done, cells_total }
        : step
    )
  };
}
