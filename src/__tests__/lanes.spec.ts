import { hue, lanesOf, pending, stale, stepNumber, waitsFor } from '../model';
import { graph, step } from './samples';

describe('lanesOf', () => {
  it('should group by category in pipeline order', () => {
    const lanes = lanesOf(graph()).map(({ category, steps }) => [
      category,
      steps.map(({ path }) => path)
    ]);
    expect(lanes).toEqual([
      ['CLEANING', ['clean.ipynb', 'features.ipynb']],
      ['EXPLORATION', ['plot.ipynb']],
      ['EXPERIMENTAL', ['model.ipynb']],
      ['DEPLOY', ['deploy.ipynb']]
    ]);
  });

  it('should put steps without a category last, even the first ones', () => {
    const loose = step('a.ipynb', null);
    const { steps, order } = graph();
    const lanes = lanesOf(
      graph({ steps: [loose, ...steps], order: ['a.ipynb', ...order] })
    );
    expect(lanes[lanes.length - 1]).toEqual({ category: null, steps: [loose] });
  });

  it('should keep steps that the order does not name', () => {
    const extra = step('extra.ipynb', 'DEPLOY');
    const lanes = lanesOf(graph({ steps: [...graph().steps, extra] }));
    expect(lanes[3].steps.map(({ path }) => path)).toEqual([
      'deploy.ipynb',
      'extra.ipynb'
    ]);
  });
});

describe('stepNumber', () => {
  it('should be the place where nothing has a sequence number', () => {
    const value = graph();
    expect(value.steps.map(each => stepNumber(value, each))).toEqual([
      '5',
      '4',
      '2',
      '1',
      '3'
    ]);
  });

  it('should be the sequence number as soon as one step has one', () => {
    const numbered = step('2b.ipynb', 'DEPLOY', { sequence: '2b' });
    const value = graph({ steps: [numbered, ...graph().steps] });
    expect(stepNumber(value, numbered)).toBe('2b');
    expect(stepNumber(value, value.steps[1])).toBe('');
  });
});

describe('pending', () => {
  it('should count what is neither fresh nor running', () => {
    expect(pending(graph())).toBe(2);
    const running = step('r.ipynb', null, { status: 'running' });
    const failed = step('f.ipynb', null, { status: 'failed' });
    expect(pending(graph({ steps: [running, failed] }))).toBe(1);
  });
});

describe('stale', () => {
  it('should leave out what failed or never ran', () => {
    expect(stale(graph())).toBe(1);
  });
});

describe('waitsFor', () => {
  it('should name the step upstream that is not fresh', () => {
    expect(waitsFor(graph(), 'deploy.ipynb')?.path).toBe('model.ipynb');
  });

  it('should name none when everything upstream is fresh', () => {
    expect(waitsFor(graph(), 'model.ipynb')).toBeNull();
  });
});

describe('hue', () => {
  it('should go round for more categories than colours', () => {
    const words = ['A', 'B', 'C', 'D', 'E', 'F', 'G'];
    expect(hue('B', words)).toBe('1');
    expect(hue('G', words)).toBe('0');
    expect(hue('X', words)).toBe('none');
    expect(hue(null, words)).toBe('none');
  });
});
