import { nullTranslator } from '@jupyterlab/translation';

import { ICellState } from '../api';
import { marksOf } from '../model';
import { status } from './samples';

const trans = nullTranslator.load('nbtrail');

function cell(state: ICellState['state'], why = ''): ICellState {
  return { cell_id: state, state, why };
}

describe('marks', () => {
  it('should say what is wrong and why', () => {
    const marks = marksOf(
      status({
        order: 'stale',
        cells: [
          cell('fresh'),
          cell('running'),
          cell('stale', 'uses rate, which changed above'),
          cell('edited', 'edited since it ran'),
          cell('out-of-order', 'uses df as code cell 4 below left it'),
          cell('failed', 'its last run ended with status error'),
          cell('never-run', 'never run')
        ]
      }),
      trans
    );
    expect([...marks.keys()]).toEqual([
      'stale',
      'edited',
      'out-of-order',
      'failed',
      'never-run'
    ]);
    expect(marks.get('stale')).toEqual({
      caption: 'Stale: uses rate, which changed above',
      tone: 'warn'
    });
    expect(marks.get('edited')?.caption).toBe('Edited since it ran');
    expect(marks.get('failed')?.tone).toBe('bad');
    expect(marks.get('never-run')?.tone).toBe('neutral');
  });

  it('should leave a notebook alone that never ran', () => {
    const cells = [cell('never-run')];
    expect(marksOf(status({ order: 'never-run', cells }), trans).size).toBe(0);
    expect(marksOf(null, trans).size).toBe(0);
  });
});
