import { ReactWidget } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import { ISignal, Signal } from '@lumino/signaling';
import * as React from 'react';

import { RemoteModel } from '../model';
import { Problem } from './bits';
import { IArguments, IViewContext } from './tokens';

/** A view of the project in the main area. */
export abstract class TrailView<
  M extends RemoteModel = RemoteModel
> extends ReactWidget {
  constructor(
    protected readonly context: IViewContext,
    readonly model: M
  ) {
    super();
    this.addClass('jp-Trail-view');
    this.node.tabIndex = 0;
    model.changed.connect(this.onModelChanged, this);
    model.outdated.connect(this._onOutdated, this);
    void model.refresh();
  }

  /** What opens the view again, as the layout keeps it. */
  abstract get args(): IArguments;

  /** Emits when `args` or the title are others. */
  get renamed(): ISignal<this, void> {
    return this._renamed;
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    Signal.clearData(this);
    this.model.dispose();
    super.dispose();
  }

  /** The content, once there is any. */
  protected abstract renderContent(): JSX.Element | null;

  protected override render(): JSX.Element {
    const { trans } = this.context;
    const { error, isBusy } = this.model;
    const content = this.renderContent();
    return (
      <>
        {error && (
          <Problem
            error={error}
            onRetry={() => void this.model.refresh()}
            trans={trans}
          />
        )}
        {content}
        {!content && !error && (
          <p className="jp-Trail-view-wait" role="status">
            {trans.__('Loading…')}
          </p>
        )}
        <div
          className="jp-Trail-view-busy"
          aria-hidden="true"
          hidden={!isBusy}
        />
      </>
    );
  }

  protected onModelChanged(): void {
    this.node.setAttribute('aria-busy', String(this.model.isBusy));
    this.update();
  }

  protected emitRenamed(): void {
    this._renamed.emit();
  }

  protected override onActivateRequest(msg: Message): void {
    if (!this.node.contains(document.activeElement)) {
      this.node.focus({ preventScroll: true });
    }
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    if (this._isOutdated) {
      this._onOutdated();
    }
  }

  /** What nobody looks at is fetched once somebody does. */
  private _onOutdated(): void {
    this._isOutdated = !this.isVisible;
    if (this.isVisible) {
      void this.model.refreshSoon();
    }
  }

  private _isOutdated = false;
  private readonly _renamed = new Signal<this, void>(this);
}
