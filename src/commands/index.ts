import { DisposableSet, IDisposable } from '@lumino/disposable';

import { CommandIDs } from '../tokens';
import { addCreate } from './create';
import { addHistory } from './history';
import { addNotebooks } from './notebooks';
import { ICommandsOptions, Register } from './options';
import { addProject } from './project';
import { addRuns } from './runs';

/** Everything that a person can tell nbtrail to do. */
export namespace TrailCommands {
  export type IOptions = ICommandsOptions;

  /** Register the commands; returns what takes them away again. */
  export function add(options: IOptions): IDisposable {
    const commands = new DisposableSet();
    const register: Register = (id, command) => {
      commands.add(options.app.commands.addCommand(id, command));
    };
    addRuns(options, register);
    addCreate(options, register);
    addNotebooks(options, register);
    addHistory(options, register);
    addProject(options, register);
    return commands;
  }

  /** The commands in the order of the palette. */
  export const ALL = Object.values(CommandIDs);
}
