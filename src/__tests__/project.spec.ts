import { Event } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

import { EventSchema, IExecution, IRun, TrailClient, TrailError } from '../api';
import { NotebookModel, ProjectModel } from '../model';
import {
  execution,
  finding,
  graph,
  project,
  run,
  runDetail,
  runEvent,
  status
} from './samples';

/** A client that answers from memory and counts what it is asked. */
class MemoryClient extends TrailClient {
  asked: string[] = [];
  failure: TrailError | null = null;
  /** Where the failure happens; everywhere without it. */
  failing: string | null = null;
  records: IExecution[][] = [[]];
  root = '';
  runList: IRun[] = [run()];

  override async project(folder: string): ReturnType<TrailClient['project']> {
    this._ask(`project ${folder}`);
    return project({ contents_root: this.root });
  }

  override async graph(): ReturnType<TrailClient['graph']> {
    this._ask('graph');
    return graph();
  }

  override async runs(): ReturnType<TrailClient['runs']> {
    this._ask('runs');
    return { runs: this.runList, next: null };
  }

  override async run(_: string, id: string): ReturnType<TrailClient['run']> {
    this._ask(`run ${id}`);
    const found = this.runList.find(each => each.run === id);
    return runDetail(found);
  }

  override async findings(): ReturnType<TrailClient['findings']> {
    this._ask('findings');
    return { findings: [finding()], checked: 5 };
  }

  override async notebookStatus(
    _: string,
    path: string
  ): ReturnType<TrailClient['notebookStatus']> {
    this._ask(`status ${path}`);
    return status({ path });
  }

  override async executions(
    _: string,
    path: string,
    limit: number,
    after: string | number | null = null
  ): ReturnType<TrailClient['executions']> {
    this._ask(`executions ${path}`);
    const page = Number(after ?? 0);
    const next = page + 1 < this.records.length ? page + 1 : null;
    return { executions: this.records[page], next };
  }

  private _ask(what: string): void {
    this.asked.push(what);
    if (this.failure && what.startsWith(this.failing ?? '')) {
      throw this.failure;
    }
  }
}

describe('ProjectModel', () => {
  let client: MemoryClient;
  let model: ProjectModel;
  let stream: Signal<object, Event.Emission>;

  const emit = (schema: string, data: object): void => {
    stream.emit({ schema_id: schema, ...data } as Event.Emission);
  };
  /** Let the queued refreshes happen. */
  const settle = (): Promise<void> => model.refresh('findings');

  beforeEach(async () => {
    client = new MemoryClient();
    stream = new Signal({});
    model = new ProjectModel({ client, stream, delay: 0 });
    await model.setFolder('');
    client.asked = [];
  });

  afterEach(() => {
    model.dispose();
    model.dispose();
  });

  it('should fetch everything for a new project', () => {
    expect(model.project?.name).toBe('titanic');
    expect(model.graph?.steps).toHaveLength(5);
    expect(model.runs).toHaveLength(1);
    expect(model.findings).toHaveLength(1);
  });

  it('should not ask again for the folder that it shows', async () => {
    await model.setFolder('');
    expect(client.asked).toEqual([]);
  });

  it('should forget the old project when another folder is in one', async () => {
    client.root = 'other';
    await model.setFolder('other/notebooks');
    expect(client.asked[0]).toBe('project other/notebooks');
    expect(client.asked.slice(1).sort()).toEqual(['findings', 'graph', 'runs']);
    expect(model.contentsPath('a.ipynb')).toBe('other/a.ipynb');
    expect(model.projectPath('other/x/a.ipynb')).toBe('x/a.ipynb');
    expect(model.projectPath('otherwise/a.ipynb')).toBeNull();
  });

  it('should show progress from events without asking the server', async () => {
    client.runList = [run({ run: 'r2', status: 'queued' })];
    await model.refresh('runs');
    client.asked = [];
    emit(
      EventSchema.run,
      runEvent({
        run: 'r2',
        step: 'model.ipynb',
        steps_done: 3,
        cells_done: 4,
        cells_total: 9
      })
    );
    expect(model.activeRun).toMatchObject({
      run: 'r2',
      status: 'running',
      steps_done: 3
    });
    const step = model.graph?.steps.find(each => each.path === 'model.ipynb');
    expect(step?.status).toBe('running');
    expect(model.live?.cells_done).toBe(4);
    expect(client.asked).toEqual([]);
  });

  it('should not mark steps for a verify, which works on a copy', async () => {
    client.runList = [run({ run: 'r2', kind: 'verify', status: 'running' })];
    await model.refresh('runs');
    emit(
      EventSchema.run,
      runEvent({ run: 'r2', kind: 'verify', step: 'clean.ipynb' })
    );
    const step = model.graph?.steps.find(each => each.path === 'clean.ipynb');
    expect(step?.status).toBe('fresh');
  });

  it('should fetch a run that somebody else started', async () => {
    client.runList = [run({ run: 'cli', status: 'running' })];
    emit(EventSchema.run, runEvent({ run: 'cli', steps_done: 1 }));
    await settle();
    expect(client.asked).toContain('runs');
    expect(model.activeRun?.run).toBe('cli');
  });

  it('should fetch results when a run ends', async () => {
    const finished = jest.fn();
    model.runFinished.connect(finished);
    emit(EventSchema.run, runEvent({ status: 'ok' }));
    await settle();
    expect(finished).toHaveBeenCalledTimes(1);
    expect(client.asked.sort()).toEqual(['findings', 'graph', 'runs']);
    expect(model.activeRun).toBeNull();
  });

  it('should ignore events of other projects', async () => {
    emit(EventSchema.run, runEvent({ project: 'other', status: 'ok' }));
    emit(EventSchema.project, { project: 'other', what: 'graph', path: null });
    await settle();
    expect(client.asked).toEqual(['findings']);
  });

  it('should coalesce a flood of events', async () => {
    for (let count = 0; count < 200; count++) {
      emit(EventSchema.execution, {
        project: '',
        notebook: 'a.ipynb',
        execution: count,
        status: 'ok'
      });
    }
    await settle();
    expect(client.asked.sort()).toEqual(['findings', 'graph']);
  });

  it('should keep the details of finished runs only', async () => {
    client.runList = [run(), run({ run: 'r2', status: 'running' })];
    await model.runDetail('r1');
    await model.runDetail('r1');
    await model.runDetail('r2');
    await model.runDetail('r2');
    expect(client.asked).toEqual(['run r1', 'run r2', 'run r2']);
  });

  it('should tell of a failure once, and of the next one again', async () => {
    const failed = jest.fn();
    model.failed.connect(failed);
    client.failure = new TrailError('The store is locked.', 'locked', 409);
    await model.refresh();
    await model.refresh();
    expect(failed).toHaveBeenCalledTimes(1);
    expect(model.error?.reason).toBe('locked');
    expect(model.graph).not.toBeNull();
    client.failure = null;
    await model.refresh();
    expect(model.error).toBeNull();
    client.failure = new TrailError('Again.', 'locked', 409);
    await model.refresh();
    expect(failed).toHaveBeenCalledTimes(2);
  });

  it('should show what can be had when one part fails', async () => {
    client.root = 'damaged';
    client.failing = 'runs';
    client.failure = new TrailError('The record is damaged.', 'store', 409);
    const changed = jest.fn(() => [model.graph, model.findings.length]);
    model.changed.connect(changed);
    await model.setFolder('damaged');
    expect(changed.mock.results.map(({ value }) => value)).toEqual([
      [expect.objectContaining({ steps: expect.any(Array) }), 1]
    ]);
    expect(model.error?.reason).toBe('store');
    expect(model.hasFailed('runs')).toBe(true);
    expect(model.hasFailed('graph')).toBe(false);
    // It stays until that part is there again.
    await model.refresh('graph');
    expect(model.error?.reason).toBe('store');
    client.failure = null;
    await model.refresh('runs');
    expect(model.error).toBeNull();
  });

  it('should stop listening when it is disposed of', () => {
    const changed = jest.fn();
    model.changed.connect(changed);
    model.dispose();
    emit(EventSchema.run, runEvent());
    expect(changed).not.toHaveBeenCalled();
  });

  describe('NotebookModel', () => {
    let notebook: NotebookModel;

    beforeEach(async () => {
      notebook = new NotebookModel({
        project: model,
        path: 'clean.ipynb',
        delay: 0
      });
      await notebook.refresh();
      client.asked = [];
    });

    afterEach(() => {
      notebook.dispose();
      notebook.dispose();
    });

    it('should know its status, and records only when they are wanted', async () => {
      expect(notebook.status?.path).toBe('clean.ipynb');
      notebook.recordsWanted = true;
      await notebook.refresh('executions');
      expect(client.asked).toEqual(['executions clean.ipynb']);
    });

    it('should leave out what ran in the copy of a verify', async () => {
      client.records = [
        [execution({ id: 5, run_kind: 'verify' })],
        [
          execution({ id: 4, run_kind: 'verify' }),
          execution({ id: 3, run_kind: 'pipeline' }),
          execution({ id: 2, run_kind: null }),
          execution({ id: 1 })
        ]
      ];
      notebook.recordsWanted = true;
      await notebook.refresh('executions');
      expect(notebook.executions.map(({ id }) => id)).toEqual([3, 2, 1]);
    });

    it('should keep its status when the record cannot be read', async () => {
      client.failing = 'executions';
      client.failure = new TrailError('The record is damaged.', 'store', 409);
      notebook.recordsWanted = true;
      await notebook.refresh();
      expect(notebook.status?.path).toBe('clean.ipynb');
      await notebook.refresh('status');
      expect(notebook.error?.reason).toBe('store');
    });

    it('should refresh when a cell of its notebook ran', async () => {
      notebook.recordsWanted = true;
      await notebook.refresh();
      client.asked = [];
      emit(EventSchema.execution, {
        project: '',
        notebook: 'clean.ipynb',
        execution: 1,
        status: 'running'
      });
      await notebook.refresh('status');
      expect(client.asked.sort()).toEqual([
        'executions clean.ipynb',
        'status clean.ipynb'
      ]);
    });

    it('should not care about other notebooks', async () => {
      emit(EventSchema.execution, {
        project: '',
        notebook: 'plot.ipynb',
        execution: 1,
        status: 'running'
      });
      await settle();
      expect(client.asked).toEqual(['findings']);
    });

    it('should follow a rename', async () => {
      notebook.path = 'renamed.ipynb';
      expect(notebook.status).toBeNull();
      await notebook.refresh();
      expect(notebook.status?.path).toBe('renamed.ipynb');
    });

    it('should have no status when the server cannot read the file', async () => {
      client.failure = new TrailError('Not JSON.', 'unreadable', 422);
      await notebook.refresh();
      expect(notebook.status).toBeNull();
      expect(notebook.error?.message).toBe('Not JSON.');
    });
  });

  it('should compare the chosen runs, else the last two of a kind', async () => {
    client.runList = [
      run({ run: 'r4', kind: 'verify' }),
      run({ run: 'r3' }),
      run({ run: 'r2', status: 'failed' }),
      run({ run: 'r1' })
    ];
    await model.refresh('runs');
    expect(model.comparedRuns).toEqual(['r1', 'r3']);
    expect(model.withPrevious('r4')).toEqual([]);
    model.chooseRun('r4', true);
    model.chooseRun('r2', true);
    expect(model.comparedRuns).toEqual(['r2', 'r4']);
    model.chooseRun('r2', false);
    model.chooseRun('r4', false);
    expect(model.comparedRuns).toEqual(['r1', 'r3']);
  });
});
