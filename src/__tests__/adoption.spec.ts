import { IAdoption, ISuggestion, TrailError } from '../api';
import { AdoptionModel, sortCopies } from '../model';

function suggestion(
  path: string,
  new_path: string,
  near_copy_of: string | null = null
): ISuggestion {
  return {
    path,
    new_path,
    category: 'CLEANING',
    why: 'writes data',
    confidence: 0.8,
    description: 'x',
    sequence: null,
    near_copy_of,
    similarity: near_copy_of ? 0.9 : null,
    copy_why: null
  };
}

describe('AdoptionModel', () => {
  let answers: IAdoption[];
  let asked: boolean[];
  const make = async (): Promise<AdoptionModel> => {
    const model = new AdoptionModel({
      categories: ['CLEANING', 'DEPLOY'],
      propose: async scratch => {
        asked.push(scratch);
        const answer = answers.shift();
        if (!answer) {
          throw new TrailError('It cannot be read.', 'conflict', 409);
        }
        return answer;
      }
    });
    expect([model.loading, model.isReady]).toEqual([true, false]);
    await model.load();
    return model;
  };

  beforeEach(() => {
    asked = [];
    answers = [
      {
        proposals: [
          suggestion('sub/a.ipynb', 'sub/1-CLEANING-a.ipynb'),
          suggestion('b.ipynb', '2-DEPLOY-b.ipynb')
        ],
        left: [{ path: 'c.ipynb', why: 'is empty' }]
      }
    ];
  });

  it('should choose everything, and leave out what a person takes out', async () => {
    const model = await make();
    expect(model.chosen).toEqual([
      { path: 'sub/a.ipynb', new_path: 'sub/1-CLEANING-a.ipynb' },
      { path: 'b.ipynb', new_path: '2-DEPLOY-b.ipynb' }
    ]);
    model.choose('b.ipynb', false);
    model.rename('sub/a.ipynb', 'CLEANING-other.ipynb');
    expect(model.chosen).toEqual([
      { path: 'sub/a.ipynb', new_path: 'sub/CLEANING-other.ipynb' }
    ]);
    model.chooseAll(false);
    expect([model.chosen, model.isReady]).toEqual([[], false]);
    expect(model.left).toHaveLength(1);
  });

  it.each([
    ['notes.ipynb', 'category'],
    ['CLEANING.ipynb', 'description'],
    ['CLEANING-x.py', 'ending'],
    ['.ipynb', 'ending'],
    ['x/CLEANING-y.ipynb', 'ending'],
    ['CLEANING-y.ipynb', null]
  ])('should judge %s', async (name, problem) => {
    const model = await make();
    model.rename('b.ipynb', name);
    expect(model.rows[1].problem).toBe(problem);
    expect(model.isReady).toBe(problem === null);
    model.choose('b.ipynb', false);
    expect([model.rows[1].problem, model.isReady]).toEqual([null, true]);
  });

  it('should not give two notebooks one name', async () => {
    answers[0].proposals[0] = suggestion('a.ipynb', 'CLEANING-a.ipynb');
    const model = await make();
    model.rename('b.ipynb', 'cleaning-A.ipynb');
    expect(model.rows.map(row => row.problem)).toEqual(['taken', 'taken']);
  });

  it('should keep what a person wrote when copies go to scratch', async () => {
    const copy = suggestion('b.ipynb', '2-DEPLOY-b.ipynb', 'a.ipynb');
    answers = [
      {
        proposals: [suggestion('a.ipynb', '1-CLEANING-a.ipynb'), copy],
        left: []
      },
      {
        proposals: [
          suggestion('a.ipynb', '1-CLEANING-a.ipynb'),
          { ...copy, new_path: 'scratch/b.ipynb' }
        ],
        left: []
      }
    ];
    const model = await make();
    expect(model.hasCopies).toBe(true);
    model.rename('a.ipynb', 'CLEANING-mine.ipynb');
    const done = new Promise<void>(resolve =>
      model.changed.connect(() => !model.loading && resolve())
    );
    model.scratch = true;
    await done;
    expect(asked).toEqual([false, true]);
    expect(model.isReady).toBe(true);
    expect(model.chosen.map(({ new_path }) => new_path)).toEqual([
      'CLEANING-mine.ipynb',
      'scratch/b.ipynb'
    ]);
  });

  it('should say why there are no proposals', async () => {
    answers = [];
    const model = await make();
    expect([model.error, model.isReady]).toEqual(['It cannot be read.', false]);
  });
});

describe('sortCopies', () => {
  it('should put near-copies behind what they resemble', () => {
    const sorted = sortCopies([
      suggestion('v1.ipynb', 'v1', 'v2.ipynb'),
      suggestion('other.ipynb', 'o'),
      suggestion('v2.ipynb', 'v2'),
      suggestion('v0.ipynb', 'v0', 'v1.ipynb'),
      suggestion('x.ipynb', 'x', 'gone.ipynb'),
      suggestion('p.ipynb', 'p', 'q.ipynb'),
      suggestion('q.ipynb', 'q', 'p.ipynb')
    ]);
    expect(sorted.map(({ path }) => path.replace('.ipynb', ''))).toEqual([
      'other',
      'v2',
      'v1',
      'v0',
      'x',
      'p',
      'q'
    ]);
  });
});
