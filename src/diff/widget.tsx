import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import { Message } from '@lumino/messaging';
import * as React from 'react';

import { IDiffCell } from '../api';
import { IArguments, IViewContext } from '../main/tokens';
import { TrailView } from '../main/view';
import { codeLanguage, DiffModel, spokenName } from '../model';
import { Diff } from './body';
import { DrawQueue } from './draw';
import { restore, versionOf } from './restore';

/** What the parts of the view work with. */
export interface IDiffContext {
  /** Whether a cell can be put back: the new version is the present one. */
  canApply: boolean;
  languages: IEditorLanguageRegistry;
  layout: 'split' | 'inline';

  /** Language of code cells. */
  language: string;
  onApply: (cell: IDiffCell) => void;
  queue: DrawQueue;
  rendermime: IRenderMimeRegistry;
  showsOutputs: boolean;
  showsUnchanged: boolean;
  trans: TranslationBundle;
}

/** Below this width there is one column, in pixels. */
const NARROW = 620;

/** Two versions of a notebook in the main area. */
export class DiffBody extends TrailView<DiffModel> {
  constructor(context: IViewContext, model: DiffModel) {
    super(context, model);
    this.addClass('jp-Trail-diff');
    this._queue = new DrawQueue(this.node);
    this._size = new ResizeObserver(([entry]) => {
      const isNarrow = entry.contentRect.width < NARROW;
      if (isNarrow !== this._isNarrow && entry.contentRect.width > 0) {
        this._isNarrow = isNarrow;
        this.update();
      }
    });
  }

  override get args(): IArguments {
    const { a, b, path, root } = this.model;
    return { a, b, path, project: root };
  }

  /** What the comparison is called, such as `Changes: ages`. */
  get name(): string {
    const { project, trans } = this.context;
    const categories = project.project?.categories ?? [];
    return trans.__('Changes: %1', spokenName(this.model.path, categories));
  }

  /** How many changes there are, and which one has the focus, from 1. */
  get position(): { at: number; count: number } {
    const changes = this._changes;
    const focus = document.activeElement;
    return {
      at: changes.findIndex(node => node.contains(focus)) + 1,
      count: changes.length
    };
  }

  override dispose(): void {
    this._queue.dispose();
    this._size.disconnect();
    super.dispose();
  }

  /** Bring the next change into view, or the one before. */
  step(direction: 1 | -1): void {
    const changes = this._changes;
    if (changes.length === 0) {
      return;
    }
    const at = this.position.at - 1;
    const next =
      at < 0 && direction < 0
        ? changes.length - 1
        : (at + direction + changes.length) % changes.length;
    changes[next].focus({ preventScroll: true });
    changes[next].scrollIntoView({ block: 'start' });
  }

  /** Put the notebook back as it is in the old version. */
  async restoreAll(): Promise<void> {
    await this._restore(null);
  }

  /** The layout keeps which versions are compared. */
  protected override onModelChanged(): void {
    super.onModelChanged();
    const sides = `${this.model.a}\n${this.model.b}`;
    if (sides !== this._sides) {
      this._sides = sides;
      this.emitRenamed();
    }
  }

  protected override renderContent(): JSX.Element {
    const { languages, rendermime, trans } = this.context;
    const { model } = this;
    return (
      <Diff
        canApply={model.canRestore}
        languages={languages}
        layout={this._isNarrow ? 'inline' : model.layout}
        language={codeLanguage(model.diff)}
        model={model}
        name={this.name}
        onApply={this._onApply}
        queue={this._queue}
        rendermime={rendermime}
        showsOutputs={model.showsOutputs}
        showsUnchanged={model.showsUnchanged}
        trans={trans}
      />
    );
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._size.observe(this.node);
  }

  private get _changes(): HTMLElement[] {
    return Array.from(
      this.node.querySelectorAll<HTMLElement>('.jp-Trail-change')
    );
  }

  private readonly _onApply = (cell: IDiffCell): void => {
    void this._restore(cell.cell_id);
  };

  private _restore(cell: string | null): Promise<void> {
    const { a, path } = this.model;
    return restore(this.context, this.model, {
      cell,
      path,
      version: versionOf(a)
    });
  }

  private _isNarrow = false;
  private readonly _queue: DrawQueue;
  private _sides = '';
  private readonly _size: ResizeObserver;
}
