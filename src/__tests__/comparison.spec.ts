import { areSame, columnNames, moved, plotSpec } from '../model';
import { run } from './samples';

describe('moved', () => {
  it('should say by how much a number moved', () => {
    expect(moved(0.8, 0.84)).toBe('+5 %');
    expect(moved(200, 199)).toBe('−0.5 %');
    expect(moved(0, 3)).toBe('+3.0');
    expect(moved(1, 1.00000001)).toBe('+< 0.01 %');
    expect(moved(1, 1)).toBe('');
    expect(moved('a', 2)).toBe('');
  });
});

describe('areSame', () => {
  it('should compare by value', () => {
    expect(areSame([{ a: [1] }, { a: [1] }])).toBe(true);
    expect(areSame([1, null])).toBe(false);
    expect(areSame([null, undefined])).toBe(true);
  });
});

describe('plotSpec', () => {
  const colors = { line: 'grey', mark: 'blue', text: 'black' };

  it('should plot each metric that has values', () => {
    const spec = plotSpec(
      { auc: [0.8, null, 0.9], empty: [null] },
      ['#1', '#2', '#3'],
      colors
    );
    expect(spec?.data).toEqual({
      values: [
        { metric: 'auc', run: '#1', value: 0.8 },
        { metric: 'auc', run: '#3', value: 0.9 }
      ]
    });
    expect(plotSpec({}, [], colors)).toBeNull();
  });
});

describe('columnNames', () => {
  it('should prefer tags', () => {
    expect(columnNames([run({ tag: 'client-report' }), run()])).toEqual([
      'client-report',
      '#2'
    ]);
  });
});
