import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { MissingServerError, TrailError, UnreachableError } from '../api';
import { ProjectModel } from '../model';
import { CommandIDs } from '../tokens';
import { CommandButton } from './bits';

/** Which project it is, and what stands in its way. */
export class HeaderBody extends ReactWidget {
  constructor(options: HeaderBody.IOptions) {
    super();
    this.addClass('jp-Trail-header');
    this._options = options;
    options.project.changed.connect(this._onChanged, this);
  }

  protected override render(): JSX.Element {
    const { commands, project, trans } = this._options;
    const info = project.project;
    return (
      <>
        <div className="jp-Trail-header-name">
          <span title={info?.contents_root || undefined}>
            {info?.name ?? trans.__('nbtrail')}
          </span>
          <CommandButton commands={commands} id={CommandIDs.refresh} iconOnly />
        </div>
        {project.error && project.error.message !== info?.store.message && (
          <Notice tone="bad">
            {Private.explain(project.error, trans)}
            <CommandButton commands={commands} id={CommandIDs.refresh} />
          </Notice>
        )}
        {info?.config_error && (
          <Notice tone="bad">
            {trans.__('nbtrail.toml: %1', info.config_error)}
          </Notice>
        )}
        {info && !info.store.ok && (
          <Notice tone="bad">
            {info.store.message ??
              trans.__('The record cannot be opened; nothing is recorded.')}
          </Notice>
        )}
        {info && info.store.lost > 0 && (
          <Notice tone="bad">
            {trans._n(
              '%1 record was lost since the server was started; its log says why.',
              '%1 records were lost since the server was started; its log says why.',
              info.store.lost
            )}
          </Notice>
        )}
        {info?.adopted && info.store.ok && info.store.location === 'user' && (
          <Notice tone="neutral">
            {info.store.message ??
              trans.__(
                'The record is kept in your own folder, because this one cannot hold it.'
              )}
          </Notice>
        )}
        {info && !info.adopted && (
          <Notice tone="neutral">
            {trans.__(
              'This folder is only looked at. Start here to keep its record and the twins of its notebooks with it.'
            )}
            <CommandButton
              className="jp-mod-primary"
              commands={commands}
              id={CommandIDs.initProject}
              args={{ short: true }}
            />
            <CommandButton
              commands={commands}
              id={CommandIDs.adopt}
              args={{ short: true }}
            />
          </Notice>
        )}
      </>
    );
  }

  private _onChanged(): void {
    this.update();
  }

  private readonly _options: HeaderBody.IOptions;
}

export namespace HeaderBody {
  export interface IOptions {
    commands: CommandRegistry;
    project: ProjectModel;
    trans: TranslationBundle;
  }
}

function Notice(props: {
  tone: 'bad' | 'neutral';
  children: React.ReactNode;
}): JSX.Element {
  return (
    <div
      className={`jp-Trail-notice jp-mod-${props.tone}`}
      role={props.tone === 'bad' ? 'alert' : 'note'}
    >
      {props.children}
    </div>
  );
}

namespace Private {
  /** What an error means and what to do about it. */
  export function explain(error: TrailError, trans: TranslationBundle): string {
    if (error instanceof MissingServerError) {
      return trans.__(
        'The server part of nbtrail does not answer. Enable it with “jupyter server extension enable nbtrail” and restart the server.'
      );
    }
    if (error instanceof UnreachableError) {
      return trans.__('The server cannot be reached; what you see is old.');
    }
    return error.message;
  }
}
