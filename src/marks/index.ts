import { Cell } from '@jupyterlab/cells';
import { NotebookPanel } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { IMark, marksOf, NotebookModel } from '../model';
import { ITrailSettings } from '../tokens';

/** A thin bar beside each cell that is stale, out of order or never run. */
export class CellMarks implements IDisposable {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _model: NotebookModel,
    private readonly _settings: ITrailSettings,
    private readonly _trans: TranslationBundle
  ) {
    _model.changed.connect(this._update, this);
    _settings.changed.connect(this._update, this);
    _panel.content.modelChanged.connect(this._onModelChanged, this);
    this._onModelChanged();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.disconnectReceiver(this);
  }

  private _onModelChanged(): void {
    this._panel.content.model?.cells.changed.connect(this._update, this);
    this._update();
  }

  private _update(): void {
    const status = this._settings.showMarks ? this._model.status : null;
    const marks = marksOf(status, this._trans);
    for (const cell of this._panel.content.widgets) {
      this._show(cell, marks.get(cell.model.id) ?? null);
    }
  }

  /** The bar belongs to the cell's node, so that it survives virtual scrolling. */
  private _show(cell: Cell, mark: IMark | null): void {
    const known = this._bars.get(cell);
    if (!mark) {
      known?.remove();
      this._bars.delete(cell);
      return;
    }
    const bar = known ?? document.createElement('span');
    if (!known) {
      bar.setAttribute('role', 'img');
      cell.node.append(bar);
      this._bars.set(cell, bar);
    }
    if (bar.title !== mark.caption || bar.dataset.tone !== mark.tone) {
      bar.className = `jp-Trail-cellMark jp-mod-${mark.tone}`;
      bar.dataset.tone = mark.tone;
      bar.title = mark.caption;
      bar.setAttribute('aria-label', mark.caption);
    }
  }

  private _isDisposed = false;
  private readonly _bars = new WeakMap<Cell, HTMLElement>();
}
