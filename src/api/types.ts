/**
 * The JSON of the server's REST interface and of its events.
 *
 * Paths are POSIX and relative to the project root unless a comment says
 * otherwise; times are ISO 8601 with an offset, durations are in seconds.
 */

import type { ICell, IOutput } from '@jupyterlab/nbformat';

export type Severity = 'warning' | 'error';

export type Pairing =
  | 'in-sync'
  | 'missing'
  | 'notebook-changed'
  | 'twin-changed'
  | 'conflict'
  | 'off';

/** Which one of a pair holds what is right. */
export type PairSide = 'notebook' | 'twin' | 'both';

/** A cell about which notebook and twin disagree; texts are `null` where it is not. */
export interface IConflictCell {
  key: string;
  cell_id: string | null;
  kinds: string[];
  message: string;
  base: string | null;
  notebook: string | null;
  twin: string | null;
}

/** How the conflict of a pair can be ended. */
export interface IConflict {
  path: string;
  twin: string | null;
  state: 'conflict' | 'none';
  message: string;
  /** What may be kept as a whole. */
  keep: PairSide[];
  /** What to choose cell by cell; empty where only the whole can be. */
  cells: IConflictCell[];
}

export type Order = 'linear' | 'out-of-order' | 'stale' | 'never-run';

export type StepStatus = 'fresh' | 'stale' | 'never-run' | 'failed' | 'running';

export type RunKind = 'pipeline' | 'verify' | 'interactive';

export type RunStatus =
  'queued' | 'running' | 'ok' | 'failed' | 'cancelled' | 'lost';

export type Verdict = 'identical' | 'different' | 'failed';

/** Named numbers that a notebook leaves behind. */
export interface IMetrics {
  [name: string]: number;
}

export interface IProject {
  name: string;
  /** Path of the project root below the server root, `''` when they are one. */
  contents_root: string;
  adopted: boolean;
  state_dir: string;
  store: {
    ok: boolean;
    message: string | null;
    location: 'project' | 'user';

    /** Records that this server could not put down, nor ever will. */
    lost: number;
  };
  config_error: string | null;
  categories: string[];
  version: string;
}

export interface IFix {
  action: string;
  label: string;
  args: { [name: string]: unknown };
}

export interface IFinding {
  code: string;
  severity: Severity;
  path: string;
  cell_id: string | null;
  message: string;
  fix: IFix | null;
}

/** A rule as it holds in the project. */
export interface IRule {
  code: string;
  name: string;
  title: string;
  level: 'off' | 'warn' | 'enforce';
  /** Its text in Markdown. */
  page: string | null;
}

export interface INotebookSummary {
  path: string;
  category: string | null;
  sequence: string | null;
  title: string;
  draft: boolean;
  paired: Pairing;
  twin: string | null;
  order: Order;
  findings: number;
}

export interface ICellState {
  cell_id: string;
  state:
    | 'fresh'
    | 'never-run'
    | 'edited'
    | 'stale'
    | 'out-of-order'
    | 'earlier-session'
    | 'failed'
    | 'running';
  why: string | null;
}

export interface IProposal {
  category: string;
  description: string;
  path: string;
}

/** A free name for a notebook that is to be made. */
export interface INameProposal {
  /** `null` while category or description are missing, as `path`. */
  name: string | null;
  sequence: string | null;
  path: string | null;
  /** Why it cannot be taken, in words. */
  problem: string | null;
}

/** A file that another name takes along. */
export interface IRename {
  path: string;
  new_path: string;
  twin: string | null;
  new_twin: string | null;
  /** Whether git knows it. */
  tracked: boolean;
}

/** A line that names a notebook or its twin. */
export interface IReference {
  path: string;
  cell_id: string | null;
  line: number;
  before: string;
  after: string;
}

/** What another name of a notebook would change. */
export interface IRenamePlan {
  renames: IRename[];
  references: IReference[];
  /** Unified diffs of references by file. */
  diff: { [path: string]: string };
  warnings: string[];
}

/** What was renamed. */
export interface IRenameResult {
  plan: IRenamePlan;
  /** What it is undone by, `null` when nothing was done. */
  change: string | null;
  /** How many lines were changed. */
  references: number;
  warnings: string[];
}

/** What a notebook of a folder that is to be adopted could be called. */
export interface ISuggestion {
  path: string;
  new_path: string;
  category: string;
  /** Why this category: a phrase without its subject. */
  why: string;
  /** Of the category, between 0 and 1. */
  confidence: number;
  description: string;
  sequence: string | null;
  near_copy_of: string | null;
  similarity: number | null;
  copy_why: string | null;
}

/** Proposals in the order of the pipeline, and what is left alone. */
export interface IAdoption {
  proposals: ISuggestion[];
  left: { path: string; why: string }[];
}

/** What adopting has renamed. */
export interface IAdopted {
  renamed: { path: string; new_path: string }[];
  change: string | null;
  warnings: string[];
}

/** What is known about one notebook; `findings` replaces the summary's count. */
export interface INotebookStatus extends Omit<INotebookSummary, 'findings'> {
  /** How the pair stands in words, `''` when it is in step. */
  paired_why: string;
  order_why: string | null;
  cells: ICellState[];
  environment: 'same' | 'drifted' | 'unknown';
  environment_id: string | null;
  environment_why: string | null;
  findings: IFinding[];
  last_run: string | null;
  proposal: IProposal | null;
}

export interface IFileState {
  path: string;
  sha256: string | null;
  bytes: number | null;
}

export interface IExecution {
  id: number;
  notebook: string | null;
  cell_id: string | null;
  order: number;
  execution_count: number | null;
  source: string;
  source_sha256: string;
  started_at: string;
  seconds: number | null;
  status: 'running' | 'ok' | 'error' | 'aborted' | 'died' | 'lost';
  error: { name: string; message: string } | null;
  session: string | number;
  environment: string | null;
  reads: IFileState[];
  writes: IFileState[];
  run: string | null;
  /** Kind of that run, `null` without one. */
  run_kind?: RunKind | null;
}

export interface IGraphStep {
  path: string;
  category: string | null;
  sequence: string | null;
  title: string;
  status: StepStatus;
  why: string | null;
  seconds: number | null;
  metrics: IMetrics;
}

export interface IGraphEdge {
  source: string;
  target: string;
  via: {
    path: string | null;
    evidence: 'declared' | 'observed' | 'static' | 'sequence' | 'category';
  }[];
}

export interface IGraph {
  steps: IGraphStep[];
  edges: IGraphEdge[];
  order: string[];
  findings: IFinding[];
}

export interface IRun {
  run: string;
  kind: RunKind;
  status: RunStatus;
  started_at: string;
  seconds: number | null;
  git: { commit: string; branch: string | null; dirty: number } | null;
  environment: string | null;
  metrics: IMetrics;
  params: { [name: string]: unknown };
  steps_done: number;
  steps_total: number;
  verdict: Verdict | null;
  message: string | null;
  tag: string | null;
  note: string | null;
}

export interface IRunStep {
  n: number;
  path: string;
  status:
    | 'waiting'
    | 'running'
    | 'ran'
    | 'cached'
    | 'failed'
    | 'skipped'
    | 'cancelled';
  seconds: number | null;
  cells_done: number;
  cells_total: number;
  error: {
    cell_id: string | null;
    cell: number | null;
    name: string;
    message: string;
  } | null;
  inputs: IFileState[];
  outputs: IFileState[];
  metrics: IMetrics;
}

export interface IDifference {
  kind: 'metric' | 'file' | 'output' | 'environment';
  step: string | null;
  name: string;
  expected: unknown;
  actual: unknown;
  tolerance: number | null;
}

export interface IRunDetail extends IRun {
  steps: IRunStep[];
  differences: IDifference[];
  against: string | null;
  largest_difference: number | null;
}

export interface IDiffLine {
  op: 'equal' | 'delete' | 'insert';
  text: string;
  /** What differs from the line's counterpart, in code points: `[start, end)`. */
  spans?: [number, number][];
}

/** The same; other by what differs from run to run; other in what it says. */
export type DiffVerdict = 'same' | 'noise' | 'changed';

/** A key of metadata that differs. */
export interface IMetadataChange {
  key: string;
  a: unknown;
  b: unknown;
  verdict: DiffVerdict;
  why: string;
}

/** A file attached to a cell that came, went or differs. */
export interface IAttachmentChange {
  name: string;
  op: 'insert' | 'delete' | 'modify';
  verdict: DiffVerdict;
  why: string;
}

/** An output beside its counterpart; `a` and `b` are places among the outputs. */
export interface IOutputDiff {
  a: number | null;
  b: number | null;
  kind:
    | 'text'
    | 'number'
    | 'table'
    | 'image'
    | 'vega'
    | 'plotly'
    | 'html'
    | 'markdown'
    | 'error'
    | 'data';
  verdict: DiffVerdict;
  why: string;
  details: {
    /** Of tables: the first of `count` cells that differ. */
    cells?: { row: unknown; column: unknown; a: unknown; b: unknown }[];
    /** Of specifications: the first of `count` paths that differ. */
    paths?: { path: string; a: unknown; b: unknown }[];
    count?: number;
    [name: string]: unknown;
  };
}

export interface IDiffCell {
  op: 'equal' | 'modify' | 'insert' | 'delete' | 'move';
  a: number | null;
  b: number | null;
  cell_id: string | null;
  cell_type: string;
  source: IDiffLine[];
  source_changed: boolean;
  /** What a new cell was split from, or what a removed one went into. */
  related: { how: 'split' | 'merge'; cell: number } | null;
  metadata: IMetadataChange[];
  attachments: IAttachmentChange[];
  outputs: DiffVerdict;
  why: string;
  outputs_detail: IOutputDiff[];
  a_outputs: IOutput[];
  b_outputs: IOutput[];
}

export interface IDiff {
  cells: IDiffCell[];
  summary: {
    equal: number;
    modified: number;
    inserted: number;
    deleted: number;
    moved: number;
    outputs_changed: number;
    outputs_noise: number;
    metadata_changed: number;
  };
  /** What differs in the notebook's own metadata. */
  metadata: IMetadataChange[];
  /** Of the code cells, as the kernel names it. */
  language: string;
  a: string;
  b: string;
}

/** Something that happened to a notebook. */
export interface ITimelineEntry {
  /** Behind `PATH@` the notebook as it was then; `null` where nothing was kept. */
  version: string | null;
  kind:
    | 'save'
    | 'found'
    | 'kept'
    | 'run'
    | 'verify'
    | 'execution'
    | 'rename'
    | 'category'
    | 'restore'
    | 'commit'
    | 'branch';
  at: string;
  /** What changed, in words. */
  what: string;
  cell_ids: string[];
  /** The notebook's name then. */
  path: string;
  author: string | null;
  run: string | null;
  metrics: { [name: string]: number | null };
}

/** What a cell was in a version in which it became another one. */
export interface ICellVersion extends ITimelineEntry {
  /** With its outputs; `null` where it was removed. */
  cell: ICell | null;
  /** Its place in the notebook. */
  index: number | null;
}

/** What became of a notebook that was put back. */
export interface IRestored {
  path: string;
  version: string;
  cell: string | null;
  /** The version that holds what was there before, to put that back in turn. */
  kept: string | null;
  /** Whether it was another one before. */
  changed: boolean;
  twin: string | null;
  /** What did not follow, `''` when there is nothing to say. */
  message: string;
}

export type ComparedState =
  'same' | 'changed' | 'added' | 'removed' | 'unknown';

/** How a table of the last run differs from that of the first: `[before, after]`. */
export interface ITableDiff {
  rows: [number, number];
  added: string[];
  removed: string[];
  types: { [column: string]: [string, string] };
  /** Of each column: missing, unique, minimum, maximum, mean, std. */
  statistics: {
    [column: string]: { [name: string]: [number | null, number | null] };
  };
}

/** A file that steps read or wrote, with one state for each run. */
export interface IComparedFile {
  path: string;
  step: string;
  state: ComparedState;
  files: (IFileState | null)[];
  table: ITableDiff | null;
}

/** The code of a step, from the first run to the last. */
export interface IComparedCode {
  step: string;
  state: ComparedState;
  what: string;
  cell_ids: string[];
  /** Versions to compare; `null` where a copy is missing. */
  a: string | null;
  b: string | null;
}

/** What explains that a metric changed: the first difference on its way. */
export interface IExplanation {
  metric: string;
  before: number | null;
  after: number | null;
  step: string | null;
  kind: 'input' | 'code' | 'environment' | 'parameter' | 'seed' | 'unknown';
  what: string;
}

/** Runs side by side, in the order that was asked for. */
export interface IComparison {
  runs: IRun[];
  params: { [name: string]: unknown[] };
  metrics: { [name: string]: (number | null)[] };
  /** Empty where an environment is not known. */
  environment: {
    added?: { [name: string]: string };
    removed?: { [name: string]: string };
    changed?: { [name: string]: [string, string] };
    /** What is no package, such as `python.version`. */
    other?: { [name: string]: [unknown, unknown] };
    origins?: { [name: string]: [unknown, unknown] };
  };
  inputs: IComparedFile[];
  outputs: IComparedFile[];
  code: IComparedCode[];
  /** All that differs along the pipeline. */
  differences: Pick<IExplanation, 'step' | 'kind' | 'what'>[];
  explains: IExplanation[];
}

/** A page of a list; `next` is the cursor of the page after. */
export type Page<K extends string, T> = { [key in K]: T[] } & {
  next: string | number | null;
};

/** Identifiers of the schemas under which the server emits events. */
export namespace EventSchema {
  export const execution = 'https://nbtrail.dev/events/execution/v1';
  export const run = 'https://nbtrail.dev/events/run/v1';
  export const project = 'https://nbtrail.dev/events/project/v1';
}

export interface IExecutionEvent {
  /** `contents_root` of the project that the event is about. */
  project: string;
  notebook: string | null;
  execution: number;
  status: IExecution['status'];
}

export interface IRunEvent {
  project: string;
  run: string;
  kind: RunKind;
  status: RunStatus;
  step: string | null;
  steps_done: number;
  steps_total: number;
  cells_done: number;
  cells_total: number;
}

export interface IProjectEvent {
  project: string;
  what: 'notebooks' | 'graph' | 'findings' | 'store';
  path: string | null;
}
