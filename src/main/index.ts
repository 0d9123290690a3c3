import { ILayoutRestorer } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { UUID } from '@lumino/coreutils';

import { CommandIDs } from '../tokens';
import { IArguments, IViewContext } from './tokens';
import type { TrailView } from './view';

export type { IArguments, IViewContext } from './tokens';

/** A view with its toolbar. */
type Frame = MainAreaWidget<TrailView>;

/** The kinds of views, by the commands that open them. */
interface IKind {
  command: string;
  create: (context: IViewContext, args: IArguments) => Promise<Frame>;
}

/**
 * The views in the main area: opened once, found again, there after a reload.
 *
 * Their code is loaded when the first of a kind is opened.
 */
export class MainViews {
  constructor(
    private readonly _context: IViewContext,
    private readonly _restorer: ILayoutRestorer | null
  ) {}

  /** Declare the kinds of views; those of the last session come back. */
  addAll(): void {
    this._add({
      command: CommandIDs.openDiff,
      create: async (context, args) =>
        (await import('../diff')).createDiff(context, args)
    });
    this._add({
      command: CommandIDs.openTimeline,
      create: async (context, args) =>
        (await import('../timeline')).createTimeline(context, args)
    });
    this._add({
      command: CommandIDs.compareRuns,
      create: async (context, args) =>
        (await import('../runs')).createComparison(context, args)
    });
  }

  /** Open a view, or bring the one with these arguments to the front. */
  async open(
    command: string,
    { view, ...args }: IArguments & { view?: string }
  ): Promise<void> {
    const kind = this._kinds.get(command);
    if (!kind) {
      throw new Error(`${command} opens no view.`);
    }
    const { shell } = this._context.app;
    const wanted = JSON.stringify(args);
    const there = kind.tracker.find(
      ({ content }) => JSON.stringify(content.args) === wanted
    );
    if (there) {
      shell.activateById(there.id);
      void there.content.model.refresh();
      return;
    }
    const frame = await kind.create(this._context, args);
    frame.id = view ?? `${command.replace(':', '-')}-${UUID.uuid4()}`;
    frame.content.renamed.connect(() => void kind.tracker.save(frame));
    await kind.tracker.add(frame);
    shell.add(frame, 'main', { mode: 'tab-after' });
    shell.activateById(frame.id);
  }

  /** The view of a kind that is in front, `null` where there is none. */
  current(command: string): TrailView | null {
    const frame = this._kinds.get(command)?.tracker.currentWidget;
    return frame && frame === this._context.app.shell.currentWidget
      ? frame.content
      : null;
  }

  private _add(kind: IKind): void {
    // What stands before a colon is the namespace to Lab's state.
    const tracker = new WidgetTracker<Frame>({
      namespace: kind.command.replace(':', '-')
    });
    this._kinds.set(kind.command, { ...kind, tracker });
    void this._restorer?.restore(tracker, {
      command: kind.command,
      args: ({ content, id }) => ({ ...content.args, view: id }),
      name: ({ id }) => id
    });
  }

  private readonly _kinds = new Map<
    string,
    IKind & { tracker: WidgetTracker<Frame> }
  >();
}
