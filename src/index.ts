import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { files, notebooks, project, settings } from './model/plugin';
import { chips, commands, drafts, marks, panel } from './views';

export * from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  settings,
  project,
  notebooks,
  files,
  commands,
  panel,
  chips,
  marks,
  drafts
];

export default plugins;
