import { IConflict, IConflictCell } from '../api';
import { ConflictModel, pairLines } from '../model';

const cell = (key: string): IConflictCell => ({
  key,
  cell_id: key,
  kinds: ['source'],
  message: 'Both sides edited it.',
  base: 'a',
  notebook: 'b',
  twin: 'c'
});

function conflict(part: Partial<IConflict> = {}): IConflict {
  return {
    path: 'a.ipynb',
    twin: 'a.py',
    state: 'conflict',
    message: '',
    keep: ['notebook', 'twin', 'both'],
    cells: [cell('x'), cell('y')],
    ...part
  };
}

describe('ConflictModel', () => {
  it('should choose nothing by itself', () => {
    const model = new ConflictModel(conflict());
    expect([model.choice, model.common, model.open]).toEqual([null, null, 2]);
    model.choose('x', 'twin');
    expect([model.choice, model.common, model.open]).toEqual([null, null, 1]);
    expect([model.side('x'), model.side('y')]).toEqual(['twin', null]);
  });

  it('should have an answer once every cell has its choice', () => {
    const model = new ConflictModel(conflict());
    const changed = jest.fn();
    model.changed.connect(changed);
    model.chooseAll('both');
    expect(model.common).toBe('both');
    model.choose('y', 'notebook');
    expect(model.choice).toEqual({ x: 'both', y: 'notebook' });
    expect(model.common).toBeNull();
    expect(changed).toHaveBeenCalledTimes(2);
  });

  it('should keep the whole where there are no cells', () => {
    const whole = conflict({ cells: [], keep: ['notebook'] });
    expect(new ConflictModel(whole).choice).toBe('notebook');
  });
});

describe('pairLines', () => {
  const text = (part: { text: string }[] | null): string | null =>
    part && part.map(segment => segment.text).join('');

  it('should put what is the same side by side', () => {
    const rows = pairLines('a = 1\nb = 2\nc', 'b = 3\nc\nd');
    expect(
      rows.map(row => [text(row.left), text(row.right), row.same])
    ).toEqual([
      ['a = 1', 'b = 3', false],
      ['b = 2', null, false],
      ['c', 'c', true],
      [null, 'd', false]
    ]);
  });

  it('should mark the words that differ', () => {
    const [row] = pairLines("plot(kind='bar')", "plot(kind='line')");
    const marked = row.left?.filter(segment => segment.marked);
    expect(marked).toEqual([{ text: 'bar', marked: true }]);
  });
});
