import { TranslationBundle } from '@jupyterlab/translation';
import { caretDownEmptyIcon, ReactWidget } from '@jupyterlab/ui-components';
import { Message, MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { INotebookStatus } from '../api';
import { hue, IChip, NotebookModel } from '../model';
import { ITrailSettings } from '../tokens';

/** A word about a notebook in its toolbar; a click does something about it. */
export class ChipWidget extends ReactWidget {
  constructor(options: ChipWidget.IOptions) {
    super();
    this.addClass('jp-Trail-chipItem');
    this.node.dataset.chip = options.name;
    this._options = options;
    options.model.changed.connect(this._onChanged, this);
    options.settings.changed.connect(this._onChanged, this);
    options.model.disposed.connect(this.dispose, this);
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._options.model.changed.disconnect(this._onChanged, this);
    this._options.settings.changed.disconnect(this._onChanged, this);
    super.dispose();
  }

  protected override render(): JSX.Element | null {
    const { chip, isMenu, model, onClick, settings, trans } = this._options;
    const { status } = model;
    const shown = status && settings.showChips ? chip(status, trans) : null;
    if (!status || !shown) {
      return null;
    }
    return (
      <button
        className={`jp-Trail-chip jp-mod-${shown.tone}`}
        data-hue={
          shown.tone === 'category'
            ? hue(status.category, model.project.project?.categories ?? [])
            : undefined
        }
        title={shown.caption}
        aria-label={shown.caption.split('\n')[0]}
        aria-haspopup={isMenu ? 'menu' : undefined}
        onClick={event => onClick(event.currentTarget, status)}
      >
        <span>{shown.label}</span>
        {isMenu && <caretDownEmptyIcon.react tag="span" />}
      </button>
    );
  }

  protected override onUpdateRequest(msg: Message): void {
    super.onUpdateRequest(msg);
    void this.renderPromise?.then(() => this._fit());
  }

  /** Lab's toolbar measures its items again when it is resized only. */
  private _fit(): void {
    const toolbar = this.parent;
    const width = this.node.offsetWidth;
    if (!toolbar || this.isDisposed || width === this._width) {
      return;
    }
    this._width = width;
    const box = toolbar.node.getBoundingClientRect();
    MessageLoop.postMessage(
      toolbar,
      new Widget.ResizeMessage(box.width, box.height)
    );
  }

  private _onChanged(): void {
    this.update();
  }

  private readonly _options: ChipWidget.IOptions;
  private _width = 0;
}

export namespace ChipWidget {
  export interface IOptions {
    /** What the chip says about a status, `null` to be hidden. */
    chip: (status: INotebookStatus, trans: TranslationBundle) => IChip | null;

    /** Whether a click opens a menu. */
    isMenu?: boolean;
    model: NotebookModel;

    /** Short name, for styles and tests. */
    name: string;
    onClick: (node: HTMLElement, status: INotebookStatus) => void;
    settings: ITrailSettings;
    trans: TranslationBundle;
  }
}
