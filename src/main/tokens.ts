import { JupyterFrontEnd } from '@jupyterlab/application';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReadonlyJSONObject } from '@lumino/coreutils';

import { NotebookFiles, ProjectModel } from '../model';

/** What views in the main area work with. */
export interface IViewContext {
  app: JupyterFrontEnd;
  files: NotebookFiles;
  languages: IEditorLanguageRegistry;
  project: ProjectModel;
  rendermime: IRenderMimeRegistry;
  trans: TranslationBundle;
}

/** What a view is opened by; the same ones find it again. */
export type IArguments = ReadonlyJSONObject;
