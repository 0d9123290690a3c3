import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

import type { NotebookFiles, NotebookModels, ProjectModel } from './model';

/** Domain of nbtrail's strings in the translator. */
export const DOMAIN = 'nbtrail';

/** The plugin that owns the settings and the state of the project. */
export const PLUGIN_ID = 'nbtrail:plugin';

/** The project that the panel shows. */
export const IProjectModel = new Token<ProjectModel>(
  'nbtrail:IProjectModel',
  'The pipeline, runs and findings of the project that is looked at.'
);
export type IProjectModel = ProjectModel;

/** The models of the open notebooks. */
export const INotebookModels = new Token<NotebookModels>(
  'nbtrail:INotebookModels',
  'What is known about each open notebook.'
);
export type INotebookModels = NotebookModels;

/** Renaming, moving and pairing of notebooks. */
export const INotebookFiles = new Token<NotebookFiles>(
  'nbtrail:INotebookFiles',
  'Changes of notebooks that open tabs and running kernels follow.'
);
export type INotebookFiles = NotebookFiles;

/** What the user chose in the settings. */
export const ITrailSettings = new Token<ITrailSettings>(
  'nbtrail:ITrailSettings',
  'Choices of the user about how nbtrail shows itself.'
);

export interface ITrailSettings {
  /** Whether chips are shown in the toolbar of notebooks. */
  readonly showChips: boolean;

  /** Whether cells whose outputs are not up to date are marked. */
  readonly showMarks: boolean;

  /** Whether a draft's first execution opens the naming dialog. */
  readonly nameDrafts: boolean;

  /** Emits when a choice changed. */
  readonly changed: ISignal<ITrailSettings, void>;
}

/** Identifiers of the commands. */
export namespace CommandIDs {
  export const runPipeline = 'nbtrail:run-pipeline';
  export const runFromHere = 'nbtrail:run-from-here';
  export const verify = 'nbtrail:verify';
  export const cancelRun = 'nbtrail:cancel-run';
  export const openDiff = 'nbtrail:open-diff';
  export const nextChange = 'nbtrail:next-change';
  export const previousChange = 'nbtrail:previous-change';
  export const openTimeline = 'nbtrail:open-timeline';
  export const cellVersions = 'nbtrail:cell-versions';
  export const compareRuns = 'nbtrail:compare-runs';
  export const nameNotebook = 'nbtrail:name-notebook';
  export const changeCategory = 'nbtrail:change-category';
  export const pairNotebook = 'nbtrail:pair-notebook';
  export const resolvePair = 'nbtrail:resolve-pair';
  export const newNotebook = 'nbtrail:new-notebook';
  export const continueNotebook = 'nbtrail:continue-notebook';
  export const checkProject = 'nbtrail:check-project';
  export const adopt = 'nbtrail:adopt';
  export const initProject = 'nbtrail:init-project';
  export const refresh = 'nbtrail:refresh';
  export const openPanel = 'nbtrail:open-panel';
  export const openNotebook = 'nbtrail:open-notebook';
  export const showRun = 'nbtrail:show-run';
  export const showRule = 'nbtrail:show-rule';
  export const silenceFinding = 'nbtrail:silence-finding';
  export const fixFindings = 'nbtrail:fix-findings';
}

/** Identifiers of widgets. */
export namespace WidgetIDs {
  export const panel = 'nbtrail-panel';
}
