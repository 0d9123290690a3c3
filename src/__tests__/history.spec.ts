import { nullTranslator } from '@jupyterlab/translation';

import {
  byDay,
  detailTitle,
  runClock,
  runFacts,
  runMark,
  runTitle,
  verdictLine
} from '../model';
import { run, runDetail } from './samples';

const trans = nullTranslator.load('nbtrail');

/** A local time as the server writes it. */
function at(day: number, hour: number): string {
  return new Date(2026, 10, day, hour).toISOString();
}

describe('byDay', () => {
  it('should group by local day with the names people use', () => {
    const days = byDay(
      [
        run({ run: 'a', started_at: at(20, 23) }),
        run({ run: 'b', started_at: at(20, 0) }),
        run({ run: 'c', started_at: at(19, 23) }),
        run({ run: 'd', started_at: at(3, 12) })
      ],
      new Date(2026, 10, 20, 23, 30),
      trans
    );
    expect(days.map(day => day.items.map(item => item.run))).toEqual([
      ['a', 'b'],
      ['c'],
      ['d']
    ]);
    expect(days[0].label).toBe('Today');
    expect(days[1].label).toBe('Yesterday');
    expect(days[2].label).toMatch(/November/);
  });

  it('should call the day before the first of a month yesterday', () => {
    const [day] = byDay(
      [run({ started_at: new Date(2026, 9, 31, 12).toISOString() })],
      new Date(2026, 10, 1, 0, 5),
      trans
    );
    expect(day.label).toBe('Yesterday');
  });
});

describe('runTitle', () => {
  it.each([
    [run({ status: 'running', steps_done: 4 }), 'Pipeline · 4 of 6'],
    [run({ status: 'queued' }), 'Pipeline · waiting'],
    [run({ status: 'cancelled' }), 'Pipeline · cancelled'],
    [run({ status: 'failed' }), 'Pipeline · failed'],
    [run(), 'Pipeline · 6 steps'],
    [run({ steps_total: 1 }), 'Pipeline · 1 step'],
    [run({ kind: 'verify', verdict: 'identical' }), 'Verify · identical'],
    [
      run({ kind: 'verify', verdict: 'different', status: 'failed' }),
      'Verify · different'
    ],
    [run({ kind: 'interactive' }), 'Interactive · linear'],
    [run({ tag: 'client-report' }), '“client-report”']
  ])('should say how a run went: %#', (value, title) => {
    expect(runTitle(value, trans)).toBe(title);
  });

  it('should say where it failed once the steps are known', () => {
    const detail = runDetail({
      status: 'failed',
      steps: [
        {
          n: 4,
          path: 'model.ipynb',
          status: 'failed',
          seconds: 1,
          cells_done: 7,
          cells_total: 9,
          error: { cell_id: 'x', cell: 8, name: 'ValueError', message: 'NaN' },
          inputs: [],
          outputs: [],
          metrics: {}
        }
      ]
    });
    expect(detailTitle(detail, trans)).toBe('Failed in step 4, cell 8');
  });
});

describe('runMark', () => {
  it('should tell a difference from a success', () => {
    expect(runMark(run())).toBe('fresh');
    expect(runMark(run({ verdict: 'different' }))).toBe('stale');
    expect(runMark(run({ status: 'lost' }))).toBe('never-run');
    expect(runMark(run({ status: 'queued' }))).toBe('running');
  });
});

describe('runFacts', () => {
  it('should hold metrics, git state and environment', () => {
    const facts = runFacts(
      run({
        metrics: { auc: 0.8838, acc: 0.5, loss: 1 },
        git: { commit: '3f2a1c9d', branch: 'main', dirty: 2 },
        environment: '7be1c0ffee'
      }),
      trans
    );
    expect(facts).toEqual([
      'auc 0.884',
      'acc 0.500',
      'main 3f2a1c + 2 changed',
      'env 7be1'
    ]);
  });

  it('should prefer the message', () => {
    expect(runFacts(run({ message: 'NaN', metrics: { a: 1 } }), trans)).toEqual(
      ['NaN']
    );
  });
});

describe('runClock', () => {
  it('should count while the run goes on', () => {
    const active = run({ status: 'running', seconds: null });
    const now = new Date(Date.parse(active.started_at) + 67 * 1000);
    expect(runClock(active, now)).toBe('1:07');
    expect(runClock(run(), now)).toBe('0:23');
  });
});

describe('verdictLine', () => {
  it('should state the largest difference of an identical verify', () => {
    expect(
      verdictLine(
        runDetail({ verdict: 'identical', largest_difference: 2e-16 }),
        trans
      )
    ).toBe('Identical; the largest difference is 2e-16.');
    expect(verdictLine(runDetail({ verdict: 'identical' }), trans)).toBe(
      'Identical, to the last digit.'
    );
    expect(verdictLine(runDetail(), trans)).toBeNull();
  });
});
