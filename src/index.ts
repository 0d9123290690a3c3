import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { files, notebooks, project, settings } from './model/plugin';
import { chips, commands, drafts, panel } from './views';

export * from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  settings,
  project,
  notebooks,
  files,
  commands,
  panel,
  chips,
  drafts
];

export default plugins;
