import { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import { ITimelineEntry } from '../api';
import { restore } from '../diff/restore';
import { Nothing } from '../main/bits';
import { IArguments, IViewContext } from '../main/tokens';
import { TrailView } from '../main/view';
import {
  byDay,
  keyOf,
  spokenName,
  TIMELINE_SORTS,
  TimelineModel,
  TimelineSort,
  timeLabel
} from '../model';
import { CommandIDs } from '../tokens';
import { kindLabel, sortLabel } from './words';

/** What happened to a notebook, in the main area. */
export class TimelineBody extends TrailView<TimelineModel> {
  constructor(context: IViewContext, model: TimelineModel) {
    super(context, model);
    this.addClass('jp-Trail-timeline');
  }

  override get args(): IArguments {
    const { path, root } = this.model;
    return { cell: null, path, project: root };
  }

  /** Such as `Timeline: ages`. */
  get name(): string {
    const { project, trans } = this.context;
    const categories = project.project?.categories ?? [];
    return trans.__('Timeline: %1', spokenName(this.model.path, categories));
  }

  protected override renderContent(): JSX.Element | null {
    const { model } = this;
    const { trans } = this.context;
    const { entries, shown } = model;
    if (!entries) {
      return null;
    }
    return (
      <>
        <header className="jp-Trail-view-header">
          <h2>{this.name}</h2>
          <Filters model={model} trans={trans} />
        </header>
        {entries.length === 0 ? (
          <Nothing title={trans.__('Nothing has happened yet.')}>
            {trans.__(
              'Save the notebook or run a cell: every version is kept here, and can be compared and restored.'
            )}
          </Nothing>
        ) : (
          <Days
            context={this.context}
            entries={shown}
            model={model}
            trans={trans}
          />
        )}
        {model.hasMore && <More model={model} trans={trans} />}
        <Chosen context={this.context} model={model} trans={trans} />
      </>
    );
  }
}

interface IProps {
  model: TimelineModel;
  trans: TranslationBundle;
}

/** Which kinds of entries are shown. */
function Filters({ model, trans }: IProps): JSX.Element {
  return (
    <div
      className="jp-Trail-filters"
      role="group"
      aria-label={trans.__('What is shown')}
    >
      {(Object.keys(TIMELINE_SORTS) as TimelineSort[]).map(sort => (
        <button
          key={sort}
          data-sort={sort}
          aria-pressed={model.isShown(sort)}
          onClick={() => model.show(sort, !model.isShown(sort))}
        >
          {sortLabel(sort, trans)}
        </button>
      ))}
    </div>
  );
}

function Days(
  props: IProps & { context: IViewContext; entries: ITimelineEntry[] }
): JSX.Element {
  const { context, entries, model, trans } = props;
  if (entries.length === 0) {
    return (
      <Nothing title={trans.__('Nothing of this kind.')}>
        {trans.__('Switch on more kinds above, or load older entries.')}
      </Nothing>
    );
  }
  const days = byDay(
    entries.map(entry => ({ entry, started_at: entry.at })),
    new Date(),
    trans
  );
  return (
    <>
      {days.map(day => (
        <section key={day.label} className="jp-Trail-entries">
          <h3>{day.label}</h3>
          <ol>
            {day.items.map(({ entry }) => (
              <Entry
                key={keyOf(entry)}
                context={context}
                entry={entry}
                isChosen={model.isChosen(entry)}
                model={model}
                trans={trans}
              />
            ))}
          </ol>
        </section>
      ))}
    </>
  );
}

/** One thing that happened, and what can be done with the version it left. */
const Entry = React.memo(function Entry(
  props: IProps & {
    context: IViewContext;
    entry: ITimelineEntry;
    isChosen: boolean;
  }
): JSX.Element {
  const { context, entry, isChosen, model, trans } = props;
  const { commands } = context.app;
  const at = new Date(entry.at);
  const kind = kindLabel(entry.kind, trans);
  const what = entry.what || trans.__('nothing that matters changed');
  const before = entry.version === null ? null : model.before(entry);
  return (
    <li
      className={`jp-Trail-entry jp-mod-${entry.kind}`}
      data-kind={entry.kind}
      data-version={entry.version ?? ''}
    >
      {entry.version === null ? (
        <span />
      ) : (
        <input
          type="checkbox"
          aria-label={trans.__(
            'Compare the version of %1',
            at.toLocaleString()
          )}
          checked={isChosen}
          onChange={event => model.choose(entry, event.target.checked)}
        />
      )}
      <time dateTime={entry.at} title={at.toLocaleString()}>
        {timeLabel(at)}
      </time>
      <span className="jp-Trail-entry-kind">{kind}</span>
      <span className="jp-Trail-entry-what" title={what}>
        {what}
        {entry.author && (
          <span className="jp-Trail-entry-author">{entry.author}</span>
        )}
      </span>
      <span className="jp-Trail-entry-actions">
        {before && (
          <Button
            className="jp-Trail-button"
            title={trans.__('Compare with the version before')}
            onClick={() => void openDiff(context, model, [before, entry])}
          >
            {trans.__('Changes')}
          </Button>
        )}
        {entry.run && (
          <Button
            className="jp-Trail-button"
            onClick={() =>
              void commands.execute(CommandIDs.showRun, { run: entry.run })
            }
          >
            {trans.__('Run')}
          </Button>
        )}
        {entry.version !== null && (
          <Button
            className="jp-Trail-button"
            title={trans.__('Put the notebook back as it was then')}
            onClick={() =>
              void restore(context, model, {
                cell: null,
                path: model.path,
                version: entry.version ?? ''
              })
            }
          >
            {trans.__('Restore')}
          </Button>
        )}
      </span>
    </li>
  );
});

/** What can be done with the versions that are chosen. */
function Chosen(props: IProps & { context: IViewContext }): JSX.Element | null {
  const { context, model, trans } = props;
  const [newer, older] = model.chosen;
  if (!newer) {
    return null;
  }
  return (
    <footer className="jp-Trail-chosen" role="status">
      <span>
        {older
          ? trans.__('Two versions are chosen.')
          : trans.__('Choose another version, or compare this one with now.')}
      </span>
      <Button
        className="jp-Trail-button jp-mod-main"
        onClick={() =>
          void openDiff(context, model, older ? [older, newer] : [newer])
        }
      >
        {older ? trans.__('Compare') : trans.__('Compare with now')}
      </Button>
    </footer>
  );
}

/** Older entries are loaded when the end comes near, or by the button. */
function More({ model, trans }: IProps): JSX.Element {
  const node = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    const observer = new IntersectionObserver(
      ([{ isIntersecting }]) => {
        if (isIntersecting) {
          void model.more();
        }
      },
      { rootMargin: '600px' }
    );
    if (node.current) {
      observer.observe(node.current);
    }
    return () => observer.disconnect();
  }, [model, model.entries?.length, model.shown.length]);
  return (
    <div ref={node} className="jp-Trail-more">
      <Button className="jp-Trail-button" onClick={() => void model.more()}>
        {trans.__('Show older')}
      </Button>
    </div>
  );
}

/** Compare two entries, or one with the notebook as it is now. */
function openDiff(
  { app }: IViewContext,
  { path, root }: TimelineModel,
  [a, b]: ITimelineEntry[]
): Promise<unknown> {
  const version = (entry: ITimelineEntry): string => `${path}@${entry.version}`;
  return app.commands.execute(CommandIDs.openDiff, {
    a: version(a),
    b: b ? version(b) : path,
    path,
    project: root
  });
}
