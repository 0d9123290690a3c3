import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'nbtrail:plugin',
  description: 'The state of the project that the server tells about.',
  autoStart: true,
  activate: (app: JupyterFrontEnd): void => {}
};

export default plugin;
