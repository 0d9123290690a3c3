import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import * as React from 'react';

import { IDiff } from '../api';
import { ProjectModel } from '../model';
import { Diff } from './body';

/** Two versions of a notebook side by side in the main area. */
export class DiffBody extends ReactWidget {
  constructor(options: DiffBody.IOptions) {
    super();
    this.addClass('jp-Trail-diff');
    this.node.tabIndex = 0;
    this._options = options;
  }

  /** Fetch the diff again. */
  async refresh(): Promise<void> {
    const { a, b, project } = this._options;
    try {
      this._diff = await project.client.diff(project.root, a, b);
      this._error = null;
    } catch (reason) {
      this._error = reason instanceof Error ? reason.message : String(reason);
    }
    this.update();
  }

  /** Bring the next change into view, or the one before. */
  step(direction: 1 | -1): void {
    const changes = Array.from(
      this.node.querySelectorAll<HTMLElement>('.jp-Trail-change')
    );
    if (changes.length === 0) {
      return;
    }
    const at = changes.findIndex(node => node === document.activeElement);
    const next =
      at < 0 && direction < 0
        ? changes.length - 1
        : (at + direction + changes.length) % changes.length;
    changes[next].focus({ preventScroll: true });
    changes[next].scrollIntoView({ block: 'center' });
  }

  handleEvent(event: Event): void {
    if (event.type !== 'keydown') {
      return;
    }
    const { altKey, ctrlKey, key, metaKey } = event as KeyboardEvent;
    if (ctrlKey || metaKey) {
      return;
    }
    if (key === 'n' || (altKey && key === 'ArrowDown')) {
      this.step(1);
    } else if (key === 'p' || (altKey && key === 'ArrowUp')) {
      this.step(-1);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  protected override render(): JSX.Element {
    const { name, rendermime, trans } = this._options;
    if (this._error !== null) {
      return <p className="jp-Trail-error">{this._error}</p>;
    }
    if (this._diff === null) {
      return <p aria-busy="true">{trans.__('Loading…')}</p>;
    }
    return (
      <Diff
        diff={this._diff}
        name={name}
        rendermime={rendermime}
        trans={trans}
      />
    );
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this.node.addEventListener('keydown', this);
  }

  protected override onBeforeDetach(msg: Message): void {
    this.node.removeEventListener('keydown', this);
    super.onBeforeDetach(msg);
  }

  protected override onActivateRequest(): void {
    this.node.focus();
  }

  private _diff: IDiff | null = null;
  private _error: string | null = null;
  private readonly _options: DiffBody.IOptions;
}

export namespace DiffBody {
  export interface IOptions {
    /** Old version, such as `PATH@last`. */
    a: string;

    /** New version, such as `PATH`. */
    b: string;

    /** What the comparison is called, such as `Changes: ages`. */
    name: string;
    project: ProjectModel;
    rendermime: IRenderMimeRegistry;
    trans: TranslationBundle;
  }
}
