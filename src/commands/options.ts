import { JupyterFrontEnd } from '@jupyterlab/application';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import {
  ReadonlyJSONObject,
  ReadonlyPartialJSONObject
} from '@lumino/coreutils';

import { IFinding } from '../api';
import { MainViews } from '../main';
import { NotebookFiles, NotebookModels, ProjectModel } from '../model';

/** What the commands work with. */
export interface ICommandsOptions {
  app: JupyterFrontEnd;

  /** Where a person selects files. */
  browsers: IFileBrowserFactory | null;
  files: NotebookFiles;
  models: NotebookModels;
  project: ProjectModel;
  rendermime: IRenderMimeRegistry;
  trans: TranslationBundle;

  /** The views in the main area. */
  views: MainViews;
}

/** Adds one command. */
export type Register = (
  id: string,
  command: CommandRegistry.ICommandOptions
) => void;

/** What a command is called with. */
export type Arguments = ReadonlyPartialJSONObject;

/** The notebook that a command is about, as a path in the project. */
export function pathOf(
  { app, browsers, models, project }: ICommandsOptions,
  args: Arguments
): string | null {
  const given = text(args, 'path');
  if (given !== null) {
    return given;
  }
  if (args['browser']) {
    const browser = browsers?.tracker.currentWidget;
    const item = browser?.selectedItems().next().value;
    return item
      ? project.projectPath(app.serviceManager.contents.localPath(item.path))
      : null;
  }
  if (args['context']) {
    const node = app.contextMenuHitTest(
      candidate => candidate.dataset.trailPath !== undefined
    );
    return node?.dataset.trailPath ?? null;
  }
  return models.current?.projectPath ?? null;
}

/** A finding by the arguments, else the one below the pointer. */
export function findingAt(
  { app, project }: ICommandsOptions,
  args: Arguments = {}
): IFinding | null {
  const { dataset } =
    app.contextMenuHitTest(node => node.dataset.code !== undefined) ?? {};
  const wanted = {
    cell: text(args, 'cell') ?? (dataset?.trailCell || null),
    code: text(args, 'code') ?? dataset?.code,
    path: text(args, 'path') ?? dataset?.trailPath
  };
  return (
    project.findings.find(
      ({ cell_id, code, path }) =>
        cell_id === wanted.cell && code === wanted.code && path === wanted.path
    ) ?? null
  );
}

/** An argument that is text, `null` when it is missing or empty. */
export function text(args: Arguments, name: string): string | null {
  const value = args[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Schema of the argument that `pathOf` reads. */
export function pathSchema(trans: TranslationBundle): ReadonlyJSONObject {
  return {
    type: 'string',
    description: trans.__(
      'Path of the notebook in the project, else the one in view'
    )
  };
}

/** What a command says about its arguments. */
export function describe(properties: { [name: string]: ReadonlyJSONObject }): {
  args: ReadonlyJSONObject;
} {
  return { args: { type: 'object', properties } };
}
