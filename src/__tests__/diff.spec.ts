import { nullTranslator } from '@jupyterlab/translation';

import { compareLines, emphasise, foldCells } from '../diff/folds';
import { summaryLine } from '../diff/summary';
import { versionLabel } from '../model';
import { diffCell } from './samples';

const trans = nullTranslator.load('nbtrail');

const cell = diffCell;

describe('foldCells', () => {
  it('should fold what did not change between changes', () => {
    const rows = foldCells([
      cell(),
      cell({ outputs: 'noise' }),
      cell({ op: 'modify' }),
      cell(),
      cell({ outputs: 'changed' }),
      cell()
    ]);
    expect(
      rows.map(row => [row.kind, row.kind === 'fold' ? row.cells.length : 1])
    ).toEqual([
      ['fold', 2],
      ['cell', 1],
      ['fold', 1],
      ['cell', 1],
      ['fold', 1]
    ]);
    expect(rows.map(row => row.start)).toEqual([0, 2, 3, 4, 5]);
  });

  it('should have nothing to fold in nothing', () => {
    expect(foldCells([])).toEqual([]);
  });
});

describe('emphasise', () => {
  it('should mark the words that differ in paired lines', () => {
    const [before, after, rest] = emphasise([
      { op: 'delete', text: 'rate = 0.1' },
      { op: 'insert', text: 'rate = 0.05' },
      { op: 'equal', text: 'fit()' }
    ]);
    expect(before.segments).toEqual([
      { text: 'rate = ', marked: false },
      { text: '0.1', marked: true }
    ]);
    expect(after.segments[1]).toEqual({ text: '0.05', marked: true });
    expect(rest.segments).toEqual([{ text: 'fit()', marked: false }]);
  });

  it('should leave added lines without a counterpart alone', () => {
    const lines = emphasise([
      { op: 'delete', text: 'x = 1' },
      { op: 'insert', text: 'x = 2' },
      { op: 'insert', text: 'y = 3' }
    ]);
    expect(lines[2].segments).toEqual([{ text: 'y = 3', marked: false }]);
  });

  it('should never change the text', () => {
    const source = [
      { op: 'delete' as const, text: 'größe = f"{a}\t{b}" # 😀 1e-3' },
      { op: 'insert' as const, text: 'größe = f"{a} {c}" # 😀 1e-4' }
    ];
    const texts = emphasise(source).map(line =>
      line.segments.map(segment => segment.text).join('')
    );
    expect(texts).toEqual(source.map(line => line.text));
  });

  it('should not mark lines that have nothing in common', () => {
    expect(compareLines('import pandas', 'y = model.predict(z)')).toBeNull();
  });
});

describe('summaryLine', () => {
  const none = {
    equal: 3,
    modified: 0,
    inserted: 0,
    deleted: 0,
    moved: 0,
    outputs_changed: 0,
    outputs_noise: 0,
    metadata_changed: 0
  };

  it('should name what changed', () => {
    expect(
      summaryLine(
        {
          ...none,
          modified: 1,
          moved: 1,
          outputs_changed: 2,
          outputs_noise: 5,
          metadata_changed: 1
        },
        trans
      )
    ).toBe(
      '1 cell changed, 1 moved · outputs: 2 changed, 5 noise · metadata: 1 changed'
    );
  });

  it('should say so when nothing did', () => {
    expect(summaryLine(none, trans)).toBe('No cell changed');
  });

  it('should name versions', () => {
    expect(versionLabel('a.ipynb@last', trans)).toBe('Last run');
    expect(versionLabel('a.ipynb', trans)).toBe('Now');
    expect(versionLabel('a.ipynb@run:7', trans)).toBe('Run 7');
  });
});
