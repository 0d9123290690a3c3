import { INameProposal } from '../api';
import { NamingModel } from '../model';

const EMPTY = { sequence: null, category: null, description: '' };

describe('NamingModel', () => {
  let asked: object[];
  let answers: ((proposal: INameProposal) => void)[];
  const propose: NamingModel.Propose = request => {
    asked.push(request);
    return new Promise(resolve => answers.push(resolve));
  };
  const proposal = (
    sequence: string | null,
    part: Partial<INameProposal> = {}
  ): INameProposal => ({
    name: 'x.ipynb',
    sequence,
    path: 'x.ipynb',
    problem: null,
    ...part
  });
  const make = (part: Partial<NamingModel.IOptions> = {}): NamingModel =>
    new NamingModel({
      categories: ['CLEANING', 'DEPLOY'],
      delay: 0,
      propose,
      value: EMPTY,
      ...part
    });
  const waited = (): Promise<void> => jest.advanceTimersByTimeAsync(1);

  beforeEach(() => {
    jest.useFakeTimers();
    asked = [];
    answers = [];
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('should say what is missing until there is a name', () => {
    const model = make();
    expect(model.problem).toBe('category');
    model.change({ category: 'CLEANING' });
    expect(model.problem).toBe('description');
    model.change({ description: 'old Ages!', sequence: 'x' });
    expect(model.problem).toBe('sequence');
    expect(model.name).toBe('');
    model.change({ sequence: ' 2b ' });
    expect(model.problem).toBeNull();
    expect(model.name).toBe('2b-CLEANING-old-ages.ipynb');
  });

  it('should take over the number that the server proposes', async () => {
    const model = make({ folder: 'sub', from: 'a.ipynb' });
    model.change({ category: 'CLEANING', description: 'a' });
    model.change({ description: 'ages' });
    await waited();
    expect(asked).toEqual([
      {
        category: 'CLEANING',
        description: 'ages',
        folder: 'sub',
        from: 'a.ipynb'
      }
    ]);
    const changed = jest.fn();
    model.changed.connect(changed);
    answers[0](proposal('4'));
    await waited();
    expect(changed).toHaveBeenCalledTimes(1);
    expect(model.name).toBe('4-CLEANING-ages.ipynb');
  });

  it('should leave an answer aside that comes too late', async () => {
    const model = make({ value: { ...EMPTY, category: 'CLEANING' } });
    await waited();
    model.change({ category: 'DEPLOY' });
    await waited();
    answers[1](proposal('9'));
    await waited();
    answers[0](proposal('1'));
    await waited();
    expect(model.parts.sequence).toBe('9');
  });

  it('should leave a number alone that a person wrote', async () => {
    const model = make({ value: { ...EMPTY, category: 'CLEANING' } });
    await waited();
    model.change({ sequence: '7' });
    answers[0](proposal('1'));
    await waited();
    expect(model.parts.sequence).toBe('7');
    model.change({ sequence: '', category: 'DEPLOY' });
    await waited();
    expect(model.parts.sequence).toBeNull();
    answers[1](proposal('1'));
    await waited();
    expect(model.parts.sequence).toBeNull();
  });

  it('should say why the server would refuse the name', async () => {
    const model = make({
      value: { ...EMPTY, category: 'CLEANING', description: 'test' }
    });
    await waited();
    const name = '1-CLEANING-test.ipynb';
    answers[0](proposal('1', { name, problem: 'It says nothing.' }));
    await waited();
    expect([model.name, model.refusal]).toEqual([name, 'It says nothing.']);
    model.change({ description: 'tests of age' });
    expect(model.refusal).toBeNull();
  });

  it('should do without a number when the server has none', async () => {
    const model = make({
      propose: () => Promise.reject(new Error('no')),
      value: { ...EMPTY, category: 'DEPLOY', description: 'score' }
    });
    await waited();
    expect(model.name).toBe('DEPLOY-score.ipynb');
    model.from = 'b.ipynb';
    await waited();
    expect(model.name).toBe('DEPLOY-score.ipynb');
    model.dispose();
    model.dispose();
    expect(model.isDisposed).toBe(true);
  });
});
