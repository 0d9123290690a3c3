import { IRenamePlan, TrailError } from '../api';
import { parseUnified } from '../diff/unified';
import { RenamingModel } from '../model';

const PLAN: IRenamePlan = {
  renames: [],
  references: [
    { path: 'run.py', cell_id: null, line: 1, before: 'a', after: 'b' }
  ],
  diff: {},
  warnings: []
};

describe('RenamingModel', () => {
  let looked: string[][];
  let answers: ((answer: IRenamePlan | Error) => void)[];
  const make = (category = 'CLEANING'): RenamingModel =>
    new RenamingModel({
      categories: ['CLEANING', 'DEPLOY'],
      delay: 0,
      path: 'a/1-CLEANING-ages.ipynb',
      plan: (...asked) => {
        looked.push(asked);
        return new Promise((resolve, reject) =>
          answers.push(answer =>
            answer instanceof Error ? reject(answer) : resolve(answer)
          )
        );
      },
      value: { sequence: '1', category, description: 'ages' }
    });
  const waited = (): Promise<void> => jest.advanceTimersByTimeAsync(1);

  beforeEach(() => {
    jest.useFakeTimers();
    looked = [];
    answers = [];
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('should look for nothing while the name stays', async () => {
    const model = make();
    await model.ready;
    await waited();
    expect(model.isSame).toBe(true);
    expect(looked).toEqual([]);
  });

  it('should show what another name changes', async () => {
    const model = make('DEPLOY');
    await waited();
    expect(looked).toEqual([
      ['a/1-CLEANING-ages.ipynb', 'a/1-DEPLOY-ages.ipynb']
    ]);
    expect(model.plan).toBeNull();
    answers[0](PLAN);
    await model.ready;
    expect(model.plan).toBe(PLAN);
    model.naming.change({ description: 'old ages' });
    expect(model.plan).toBeNull();
    expect(model.target).toBe('a/1-DEPLOY-old-ages.ipynb');
    model.naming.change({ description: '' });
    expect(model.target).toBeNull();
    await waited();
    expect(looked).toHaveLength(1);
  });

  it('should leave an answer aside that comes too late', async () => {
    const model = make('DEPLOY');
    await waited();
    model.naming.change({ description: 'x1' });
    await waited();
    answers[0](PLAN);
    await waited();
    expect(model.plan).toBeNull();
    answers[1](new TrailError('There is one already.', 'conflict', 409));
    await waited();
    expect([model.plan, model.error]).toEqual([null, 'There is one already.']);
    model.naming.change({ description: 'x2' });
    expect(model.error).toBeNull();
  });

  it('should keep whether references follow', () => {
    const model = make();
    const changed = jest.fn();
    model.changed.connect(changed);
    expect(model.references).toBe(true);
    model.references = false;
    expect(changed).toHaveBeenCalledTimes(1);
    expect(model.references).toBe(false);
    model.dispose();
  });
});

describe('parseUnified', () => {
  it('should read the lines of each hunk', () => {
    const text = [
      '--- a/run.py',
      '+++ b/run.py',
      '@@ -1,2 +1,2 @@',
      ' import os',
      "-run('a')",
      "+run('b')",
      '@@ -9 +9 @@',
      '--- x',
      '+++ y',
      '\\ No newline at end of file',
      ''
    ].join('\n');
    expect(parseUnified(text)).toEqual([
      {
        lines: [
          { op: 'equal', text: 'import os' },
          { op: 'delete', text: "run('a')" },
          { op: 'insert', text: "run('b')" }
        ]
      },
      {
        lines: [
          { op: 'delete', text: '-- x' },
          { op: 'insert', text: '++ y' }
        ]
      }
    ]);
    expect(parseUnified('')).toEqual([]);
  });
});
