import { Event } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';

import { EventSchema, ITimelineEntry, TrailClient, TrailError } from '../api';
import { TimelineModel, versionChoices, withNewer } from '../model';
import { entry } from './samples';

const trans = nullTranslator.load('nbtrail');

/** A client with a timeline of pages in memory. */
class MemoryClient extends TrailClient {
  all: ITimelineEntry[] = [];
  fails = false;

  override async versions(
    _: string,
    __: string,
    query: { limit: number; after?: string | number | null }
  ): Promise<{ versions: ITimelineEntry[]; next: number | null }> {
    if (this.fails) {
      throw new TrailError('The record cannot be read.', 'store', 409);
    }
    const from = Number(query.after ?? 0);
    const to = from + query.limit;
    return {
      versions: this.all.slice(from, to),
      next: to < this.all.length ? to : null
    };
  }
}

const dated = (count: number, from = 0): ITimelineEntry[] =>
  Array.from({ length: count }, (_, index) => {
    const second = String(from + count - index).padStart(5, '0');
    return entry(`snap:${second}`, { at: `2026-11-20T${second}` });
  });

describe('TimelineModel', () => {
  const stream = new Signal<unknown, Event.Emission>({});
  let client: MemoryClient;
  let model: TimelineModel;

  beforeEach(async () => {
    client = new MemoryClient();
    client.all = dated(120);
    model = new TimelineModel({
      client,
      delay: 0,
      path: 'a.ipynb',
      root: 'project',
      stream
    });
    await model.refresh();
  });

  afterEach(() => model.dispose());

  it('should load a page at a time', async () => {
    expect(model.entries).toHaveLength(50);
    await Promise.all([model.more(), model.more()]);
    expect(model.entries).toHaveLength(100);
    await model.more();
    expect(model.hasMore).toBe(false);
    expect(model.entries).toEqual(client.all);
  });

  it('should put what is new before what is known', async () => {
    await model.more();
    client.all = [...dated(2, 120), ...client.all];
    await model.refresh();
    expect(model.entries).toHaveLength(102);
    expect(model.entries?.[0].version).toBe('snap:00122');
  });

  it('should hide kinds', () => {
    model.show('edits', false);
    expect(model.shown).toEqual([]);
    model.show('edits', true);
    expect(model.shown).toHaveLength(50);
  });

  it('should choose two at most', () => {
    const [a, b, c] = model.entries ?? [];
    [a, c, b].forEach(one => model.choose(one, true));
    expect(model.chosen).toEqual([b, c]);
    model.choose(b, false);
    expect(model.chosen).toEqual([c]);
  });

  it('should find the content before', () => {
    const [a, b] = model.entries ?? [];
    expect(model.before(a)).toBe(b);
    const last = model.entries?.[49];
    expect(last && model.before(last)).toBeNull();
  });

  it('should keep what it shows when a request fails', async () => {
    client.fails = true;
    await model.refresh();
    expect(model.error?.message).toBe('The record cannot be read.');
    expect(model.entries).toHaveLength(50);
    client.fails = false;
    await model.refresh();
    expect(model.error).toBeNull();
  });

  it('should be outdated by what happens to its notebook', () => {
    let count = 0;
    model.outdated.connect(() => (count += 1));
    const tell = (project: string, notebook: string): void =>
      stream.emit({
        schema_id: EventSchema.execution,
        project,
        notebook,
        execution: 1,
        status: 'ok'
      } as never);
    tell('project', 'a.ipynb');
    tell('project', 'b.ipynb');
    tell('other', 'a.ipynb');
    expect(count).toBe(1);
  });
});

describe('withNewer', () => {
  it('should not join what does not touch', () => {
    expect(withNewer(dated(3), dated(3, 100))).toBeNull();
    expect(withNewer([], [])).toBeNull();
  });
});

describe('versionChoices', () => {
  it('should group versions, each of them once', () => {
    const now = new Date('2026-11-20T12:00:00');
    const groups = versionChoices(
      'a.ipynb',
      [
        entry('snap:1', { at: '2026-11-20T11:00:00' }),
        entry('snap:1', { kind: 'execution' }),
        entry('run:7', { kind: 'run' }),
        entry('git:abc', { kind: 'commit', path: 'old.ipynb' })
      ],
      now,
      trans,
      true
    );
    expect(
      groups.map(({ choices, label }) => [
        label,
        choices.map(({ version }) => version)
      ])
    ).toEqual([
      ['Notebook', ['a.ipynb@working', 'a.ipynb', 'a.ipynb@last']],
      ['Runs', ['a.ipynb@run:7']],
      ['Snapshots', ['a.ipynb@snap:1']],
      ['Commits', ['old.ipynb@git:abc']]
    ]);
    expect(groups[2].choices[0].label).toMatch(/^Today .* · cell 1: snap:1$/);
  });
});
