import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  IToolbarWidgetRegistry,
  Notification
} from '@jupyterlab/apputils';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { MissingServerError, UnreachableError } from './api';
import { TrailCommands } from './commands';
// It has to stand before the first file is renamed.
// eslint-disable-next-line jupyter/prefer-lazy-imports
import { NameDoors } from './doors';
import { DraftGuard } from './drafts';
// It has to know the kinds of views before the layout is restored.
// eslint-disable-next-line jupyter/prefer-lazy-imports
import { MainViews } from './main';
// The launcher is there at the start.
// eslint-disable-next-line jupyter/prefer-lazy-imports
import { CategoryCards } from './launcher';
import { TrailPanel } from './panel';
// It listens to renames from the start.
// eslint-disable-next-line jupyter/prefer-lazy-imports
import { RenameFollower } from './renames';
import {
  DOMAIN,
  INotebookFiles,
  INotebookModels,
  IProjectModel,
  ITrailSettings
} from './tokens';
import { addChips } from './toolbar';

/** The commands, all of them in the palette. */
export const commands: JupyterFrontEndPlugin<void> = {
  id: 'nbtrail:commands',
  description: 'Running, verifying, naming, comparing and checking.',
  autoStart: true,
  requires: [
    IProjectModel,
    INotebookModels,
    INotebookFiles,
    IRenderMimeRegistry,
    IEditorLanguageRegistry
  ],
  optional: [
    IFileBrowserFactory,
    ICommandPalette,
    ILayoutRestorer,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    project: IProjectModel,
    models: INotebookModels,
    files: INotebookFiles,
    rendermime: IRenderMimeRegistry,
    languages: IEditorLanguageRegistry,
    browsers: IFileBrowserFactory | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const views = new MainViews(
      { app, files, languages, project, rendermime, trans },
      restorer
    );
    TrailCommands.add({
      app,
      browsers,
      files,
      models,
      project,
      rendermime,
      trans,
      views
    });
    views.addAll();
    TrailCommands.ALL.forEach(command => {
      palette?.addItem({ command, category: trans.__('nbtrail') });
    });
  }
};

/** The cards in the launcher, one for each category. */
export const launcher: JupyterFrontEndPlugin<void> = {
  id: 'nbtrail:launcher',
  description: 'Offers a notebook of each category in the launcher.',
  autoStart: true,
  requires: [IProjectModel, ILauncher],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    project: IProjectModel,
    launcher: ILauncher,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const cards = new CategoryCards({
      launcher,
      project,
      section: trans.__('nbtrail')
    });
    app.shell.disposed.connect(() => cards.dispose());
  }
};

/** The question for a better name wherever Lab is about to give a bad one. */
export const doors: JupyterFrontEndPlugin<void> = {
  id: 'nbtrail:doors',
  description:
    'Asks for a better name where the server refuses one, and offers to let references follow.',
  autoStart: true,
  requires: [IProjectModel, INotebookFiles],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    project: IProjectModel,
    files: INotebookFiles,
    translator: ITranslator | null
  ): void => {
    const { contents } = app.serviceManager;
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const doors = new NameDoors({ client: project.client, contents, trans });
    const follower = new RenameFollower({ contents, files, project, trans });
    app.shell.disposed.connect(() => {
      doors.dispose();
      follower.dispose();
    });
  }
};

/** The sidebar. */
export const panel: JupyterFrontEndPlugin<void> = {
  id: 'nbtrail:panel',
  description: 'The sidebar with pipeline, runs, history and checks.',
  autoStart: true,
  requires: [IProjectModel, INotebookModels],
  optional: [ILayoutRestorer, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    project: IProjectModel,
    models: INotebookModels,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null
  ): void => {
    const panel = new TrailPanel({
      commands: app.commands,
      models,
      project,
      trans: (translator ?? nullTranslator).load(DOMAIN),
      translator: translator ?? nullTranslator
    });
    restorer?.add(panel, panel.id);
    app.shell.add(panel, 'left', { rank: 300, type: 'nbtrail' });

    // Lab says itself that the server is gone, and a server without nbtrail
    // is a choice: the panel tells of both. It tells of the rest as well, but
    // has to be seen for that.
    project.failed.connect((_, error) => {
      if (
        !panel.isVisible &&
        !(error instanceof MissingServerError) &&
        !(error instanceof UnreachableError)
      ) {
        Notification.error(error.message, { autoClose: 10000 });
      }
    });
  }
};

/** The chips in the toolbar of notebooks. */
export const chips: JupyterFrontEndPlugin<void> = {
  id: 'nbtrail:chips',
  description: 'Category, pairing and order in the toolbar of notebooks.',
  autoStart: true,
  requires: [INotebookModels, ITrailSettings, IToolbarWidgetRegistry],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    models: INotebookModels,
    settings: ITrailSettings,
    toolbars: IToolbarWidgetRegistry,
    translator: ITranslator | null
  ): void => {
    addChips({
      commands: app.commands,
      models,
      settings,
      toolbars,
      trans: (translator ?? nullTranslator).load(DOMAIN)
    });
  }
};

/** The bars beside cells whose outputs are not up to date. */
export const marks: JupyterFrontEndPlugin<void> = {
  id: 'nbtrail:marks',
  description: 'Marks cells that are stale, out of order or never run.',
  autoStart: true,
  requires: [INotebookModels, INotebookTracker, ITrailSettings],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    models: INotebookModels,
    tracker: INotebookTracker,
    settings: ITrailSettings,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const add = async (panel: NotebookPanel): Promise<void> => {
      const { CellMarks } = await import('./marks');
      if (!panel.isDisposed) {
        const marks = new CellMarks(panel, models.get(panel), settings, trans);
        panel.disposed.connect(() => marks.dispose());
      }
    };
    tracker.forEach(panel => void add(panel));
    tracker.widgetAdded.connect((_, panel) => void add(panel));
  }
};

/** The question for a draft's name at its first execution. */
export const drafts: JupyterFrontEndPlugin<void> = {
  id: 'nbtrail:drafts',
  description: 'Asks for the name of a draft when it is first executed.',
  autoStart: true,
  requires: [INotebookModels, INotebookFiles, INotebookTracker, ITrailSettings],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    models: INotebookModels,
    files: INotebookFiles,
    tracker: INotebookTracker,
    settings: ITrailSettings,
    translator: ITranslator | null
  ): void => {
    const guard = new DraftGuard({
      files,
      models,
      settings,
      tracker,
      trans: (translator ?? nullTranslator).load(DOMAIN)
    });
    app.shell.disposed.connect(() => guard.dispose());
  }
};
