import {
  IDiffCell,
  IExecution,
  IFinding,
  IGraph,
  IGraphStep,
  INotebookStatus,
  IProject,
  IRun,
  IRunDetail,
  IRunEvent,
  ITimelineEntry
} from '../api';

/** A step of a pipeline. */
export function step(
  path: string,
  category: string | null,
  part: Partial<IGraphStep> = {}
): IGraphStep {
  return {
    path,
    category,
    sequence: null,
    title: path.replace('.ipynb', ''),
    status: 'fresh',
    why: null,
    seconds: 1,
    metrics: {},
    ...part
  };
}

/** A pipeline of clean → {plot, model} → deploy, its order not that of names. */
export function graph(part: Partial<IGraph> = {}): IGraph {
  const edge = (source: string, target: string): IGraph['edges'][number] => ({
    source,
    target,
    via: [{ path: 'data/x.csv', evidence: 'static' }]
  });
  return {
    steps: [
      step('deploy.ipynb', 'DEPLOY', { status: 'never-run' }),
      step('model.ipynb', 'EXPERIMENTAL', { status: 'stale' }),
      step('plot.ipynb', 'EXPLORATION'),
      step('clean.ipynb', 'CLEANING'),
      step('features.ipynb', 'CLEANING')
    ],
    edges: [
      edge('clean.ipynb', 'features.ipynb'),
      edge('features.ipynb', 'plot.ipynb'),
      edge('features.ipynb', 'model.ipynb'),
      edge('model.ipynb', 'deploy.ipynb')
    ],
    order: [
      'clean.ipynb',
      'plot.ipynb',
      'features.ipynb',
      'model.ipynb',
      'deploy.ipynb'
    ],
    findings: [],
    ...part
  };
}

/** A pipeline run that went well. */
export function run(part: Partial<IRun> = {}): IRun {
  return {
    run: 'r1',
    kind: 'pipeline',
    status: 'ok',
    started_at: '2026-11-20T12:00:00+00:00',
    seconds: 23,
    git: null,
    environment: null,
    metrics: {},
    params: {},
    steps_done: 6,
    steps_total: 6,
    verdict: null,
    message: null,
    tag: null,
    note: null,
    ...part
  };
}

export function runDetail(part: Partial<IRunDetail> = {}): IRunDetail {
  return {
    ...run(),
    steps: [],
    differences: [],
    against: null,
    largest_difference: null,
    ...part
  };
}

export function runEvent(part: Partial<IRunEvent> = {}): IRunEvent {
  return {
    project: '',
    run: 'r1',
    kind: 'pipeline',
    status: 'running',
    step: null,
    steps_done: 0,
    steps_total: 6,
    cells_done: 0,
    cells_total: 0,
    ...part
  };
}

export function project(part: Partial<IProject> = {}): IProject {
  return {
    name: 'titanic',
    contents_root: '',
    adopted: true,
    state_dir: '.nbtrail',
    store: { ok: true, message: null, location: 'project', lost: 0 },
    config_error: null,
    categories: ['EXPLORATION', 'CLEANING', 'EXPERIMENTAL', 'DEPLOY'],
    version: '0.1.0',
    ...part
  };
}

export function execution(part: Partial<IExecution> = {}): IExecution {
  return {
    id: 1,
    notebook: 'clean.ipynb',
    cell_id: 'a',
    order: 1,
    execution_count: 1,
    source: '1',
    source_sha256: '6b86b273',
    started_at: '2026-11-20T12:00:00+00:00',
    seconds: 1,
    status: 'ok',
    error: null,
    session: 1,
    environment: null,
    reads: [],
    writes: [],
    run: null,
    ...part
  };
}

export function finding(part: Partial<IFinding> = {}): IFinding {
  return {
    code: 'NBT301',
    severity: 'warning',
    path: 'a.ipynb',
    cell_id: null,
    message: 'The twin is missing.',
    fix: { action: 'pair', label: 'Write the twin', args: {} },
    ...part
  };
}

export function status(part: Partial<INotebookStatus> = {}): INotebookStatus {
  return {
    path: 'CLEANING-ages.ipynb',
    category: 'CLEANING',
    sequence: null,
    title: 'ages',
    draft: false,
    paired: 'in-sync',
    paired_why: '',
    twin: 'CLEANING-ages.py',
    order: 'linear',
    order_why: null,
    cells: [],
    environment: 'same',
    environment_id: '7be1c0ffee',
    environment_why: null,
    findings: [],
    last_run: null,
    proposal: null,
    ...part
  };
}

/** A cell of a diff, unchanged. */
export function diffCell(part: Partial<IDiffCell> = {}): IDiffCell {
  return {
    op: 'equal',
    a: 0,
    b: 0,
    cell_id: null,
    cell_type: 'code',
    source: [],
    source_changed: false,
    related: null,
    metadata: [],
    attachments: [],
    outputs: 'same',
    why: '',
    outputs_detail: [],
    a_outputs: [],
    b_outputs: [],
    ...part
  };
}

/** A change of a notebook that left a version. */
export function entry(
  version: string,
  part: Partial<ITimelineEntry> = {}
): ITimelineEntry {
  return {
    version,
    kind: 'save',
    at: '2026-11-20T10:00:00+00:00',
    what: `cell 1: ${version}`,
    cell_ids: [],
    path: 'a.ipynb',
    author: null,
    run: null,
    metrics: {},
    ...part
  };
}
