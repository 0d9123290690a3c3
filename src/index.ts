import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { files, notebooks, project, settings } from './model/plugin';
import {
  chips,
  commands,
  doors,
  drafts,
  launcher,
  marks,
  panel
} from './views';

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
  drafts,
  doors,
  launcher
];

export default plugins;
