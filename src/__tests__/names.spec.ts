import {
  buildName,
  isDraft,
  parseName,
  renamed,
  slug,
  spaced,
  spokenName
} from '../model';

const CATEGORIES = ['EXPLORATION', 'CLEANING', 'EXPERIMENTAL', 'DEPLOY'];

describe('names', () => {
  it('should make a slug of what a person types', () => {
    expect(slug('  Five models, compared! ')).toBe('five-models-compared');
    expect(slug('Überleben nach Klasse')).toBe('überleben-nach-klasse');
    expect(slug('…')).toBe('');
    expect(spaced('five-models')).toBe('five models');
  });

  it('should call a notebook by what it is about', () => {
    expect(spokenName('x/3-CLEANING-old-ages.ipynb', CATEGORIES)).toBe(
      'old ages'
    );
    expect(spokenName('3-CLEANING.ipynb', CATEGORIES)).toBe('3-CLEANING');
    expect(spokenName('Untitled1.ipynb', CATEGORIES)).toBe('Untitled1');
  });

  it('should build a name, or none without a description', () => {
    const parts = { sequence: '3', category: 'CLEANING', description: 'ages' };
    expect(buildName(parts)).toBe('3-CLEANING-ages.ipynb');
    expect(buildName({ ...parts, sequence: null })).toBe('CLEANING-ages.ipynb');
    expect(buildName({ ...parts, description: ' ' })).toBe('');
    expect(buildName({ ...parts, category: null })).toBe('');
  });

  it.each([
    [
      'a/2b-EXPLORATION-survival-by-class.ipynb',
      ['2b', 'EXPLORATION', 'survival-by-class']
    ],
    ['Survival exploration.ipynb', [null, 'EXPLORATION', 'Survival']],
    ['Untitled3.ipynb', [null, null, '']],
    ['2026 sales.ipynb', ['2026', null, 'sales']]
  ])('should read %s', (path, [sequence, category, description]) => {
    expect(parseName(path as string, CATEGORIES)).toEqual({
      sequence,
      category,
      description
    });
  });

  it('should give back the name it read', () => {
    const name = '4-DEPLOY-score-passengers.ipynb';
    expect(buildName(parseName(name, CATEGORIES))).toBe(name);
  });

  it('should know drafts', () => {
    expect(isDraft('x/Untitled.ipynb')).toBe(true);
    expect(isDraft('Untitled12-Copy1.ipynb')).toBe(true);
    expect(isDraft('Untitled thoughts.ipynb')).toBe(false);
  });

  it('should keep the folder', () => {
    expect(renamed('a/b/Untitled.ipynb', 'x.ipynb')).toBe('a/b/x.ipynb');
    expect(renamed('Untitled.ipynb', 'x.ipynb')).toBe('x.ipynb');
  });
});
