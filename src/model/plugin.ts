import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { PathExt } from '@jupyterlab/coreutils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { TrailClient } from '../api';
import { TrailSettings } from '../settings';
import {
  INotebookFiles,
  INotebookModels,
  IProjectModel,
  ITrailSettings,
  PLUGIN_ID
} from '../tokens';
// The activation hands its instance to the commands, the toolbar and the guard
// of drafts, which call it without waiting: it cannot be loaded later.
// eslint-disable-next-line jupyter/prefer-lazy-imports
import { NotebookFiles } from './files';
import { OpenDocuments } from './documents';
import { NotebookModels } from './notebooks';
import { ProjectModel } from './project';
import { EventStream } from './stream';

/** Resolves when the browser has nothing else to do, or after a second. */
function idle(): Promise<void> {
  return new Promise(resolve => {
    if (typeof requestIdleCallback === 'undefined') {
      setTimeout(resolve, 200);
    } else {
      requestIdleCallback(() => resolve(), { timeout: 1000 });
    }
  });
}

/** The user's settings. */
export const settings: JupyterFrontEndPlugin<ITrailSettings> = {
  id: PLUGIN_ID,
  description: 'Choices of the user about how nbtrail shows itself.',
  autoStart: true,
  optional: [ISettingRegistry],
  provides: ITrailSettings,
  activate: (
    app: JupyterFrontEnd,
    registry: ISettingRegistry | null
  ): ITrailSettings => {
    const settings = new TrailSettings();
    if (registry) {
      settings.load(registry, PLUGIN_ID).catch(reason => {
        console.error('nbtrail: the settings could not be loaded.', reason);
      });
    }
    return settings;
  }
};

/** The project that is looked at: that of the notebook in view. */
export const project: JupyterFrontEndPlugin<IProjectModel> = {
  id: 'nbtrail:project',
  description: 'The pipeline, runs and findings of the project in view.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [IDefaultFileBrowser],
  provides: IProjectModel,
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    browser: IDefaultFileBrowser | null
  ): IProjectModel => {
    const { contents, serverSettings } = app.serviceManager;
    const client = new TrailClient({ serverSettings });
    const events = new EventStream({ serverSettings });
    const model = new ProjectModel({ client, stream: events.stream });

    // Opening Lab comes first: what a large project is asked for has the server
    // busy for a while.
    let isOpen = false;
    const follow = (): void => {
      if (!isOpen) {
        return;
      }
      const panel = tracker.currentWidget;
      const folder = panel
        ? PathExt.dirname(contents.localPath(panel.context.path))
        : contents.localPath(browser?.model.path ?? '');
      void model.setFolder(folder);
    };
    tracker.currentChanged.connect(follow);
    browser?.model.pathChanged.connect(follow);
    void app.restored.then(idle).then(() => {
      isOpen = true;
      follow();
    });

    contents.fileChanged.connect((_, change) => {
      const path = change.newValue?.path ?? change.oldValue?.path ?? '';
      if (PathExt.extname(path) === '.ipynb' && model.project) {
        void model.refresh('graph', 'findings');
      }
    });

    events.restored.connect(() => void model.refresh());
    app.shell.disposed.connect(() => {
      model.dispose();
      events.dispose();
    });
    return model;
  }
};

/** The models of the notebooks that are open. */
export const notebooks: JupyterFrontEndPlugin<INotebookModels> = {
  id: 'nbtrail:notebooks',
  description: 'What is known about each open notebook.',
  autoStart: true,
  requires: [IProjectModel, INotebookTracker],
  provides: INotebookModels,
  activate: (
    app: JupyterFrontEnd,
    project: IProjectModel,
    tracker: INotebookTracker
  ): INotebookModels =>
    new NotebookModels({
      contents: app.serviceManager.contents,
      project,
      tracker
    })
};

/** Renaming, moving and pairing of notebooks. */
export const files: JupyterFrontEndPlugin<INotebookFiles> = {
  id: 'nbtrail:files',
  description: 'Changes of notebooks that open tabs and kernels follow.',
  autoStart: true,
  requires: [IProjectModel, INotebookModels, INotebookTracker],
  optional: [IDocumentManager],
  provides: INotebookFiles,
  activate: (
    app: JupyterFrontEnd,
    project: IProjectModel,
    models: INotebookModels,
    tracker: INotebookTracker,
    manager: IDocumentManager | null
  ): INotebookFiles =>
    new NotebookFiles({
      contents: app.serviceManager.contents,
      documents: new OpenDocuments({
        contents: app.serviceManager.contents,
        manager,
        widgets: () => app.shell.widgets('main')
      }),
      models,
      project,
      tracker
    })
};
