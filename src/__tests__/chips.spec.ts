import { nullTranslator } from '@jupyterlab/translation';

import { ICellState } from '../api';
import {
  categoryChip,
  environmentChip,
  findingsChip,
  fixCommand,
  groupFindings,
  isAutomatic,
  orderChip,
  pairingChip,
  pairingCommand
} from '../model';
import { finding, status } from './samples';

const trans = nullTranslator.load('nbtrail');

function cells(...states: ICellState['state'][]): ICellState[] {
  return states.map((state, index) => ({
    cell_id: String(index),
    state,
    why: null
  }));
}

describe('chips', () => {
  it('should ask for a draft’s name and show nothing about its twin', () => {
    const draft = status({ draft: true, category: null, paired: 'missing' });
    expect(categoryChip(draft, trans).label).toBe('Name it…');
    expect(pairingChip(draft, trans)).toBeNull();
  });

  it('should show the category', () => {
    expect(categoryChip(status(), trans)).toMatchObject({
      label: 'CLEANING',
      tone: 'category'
    });
    expect(categoryChip(status({ category: null }), trans).tone).toBe('warn');
  });

  it.each([
    ['in-sync', '.py paired', 'ok'],
    ['missing', 'not paired', 'warn'],
    ['notebook-changed', '.py behind', 'warn'],
    ['twin-changed', '.py ahead', 'warn'],
    ['conflict', '.py conflict', 'bad']
  ] as const)('should show that the pair is %s', (paired, label, tone) => {
    expect(pairingChip(status({ paired }), trans)).toMatchObject({
      label,
      tone
    });
  });

  it('should ask about a conflict, and pair otherwise', () => {
    expect(pairingCommand(status({ paired: 'conflict' }))).toBe(
      'nbtrail:resolve-pair'
    );
    expect(pairingCommand(status({ paired: 'missing' }))).toBe(
      'nbtrail:pair-notebook'
    );
  });

  it('should show nothing when pairing is off', () => {
    expect(pairingChip(status({ paired: 'off' }), trans)).toBeNull();
  });

  it('should count what is stale and out of order', () => {
    const value = status({
      order: 'out-of-order',
      cells: cells('stale', 'edited', 'out-of-order', 'fresh')
    });
    expect(orderChip(value, trans)?.label).toBe('2 stale · 1 out of order');
  });

  it('should say so even without cells to count', () => {
    expect(orderChip(status({ order: 'stale' }), trans)?.label).toBe('stale');
    expect(orderChip(status(), trans)?.label).toBe('in order');
  });

  it('should shorten the environment and warn when it drifted', () => {
    expect(environmentChip(status(), trans)?.label).toBe('env 7be1');
    expect(
      environmentChip(status({ environment: 'drifted' }), trans)?.tone
    ).toBe('warn');
    const environment_why = 'Outputs come from another environment.';
    expect(
      environmentChip(
        status({ environment: 'drifted', environment_why }),
        trans
      )?.caption
    ).toBe(environment_why);
    expect(environmentChip(status({ environment_id: null }), trans)).toBeNull();
  });

  it('should be bad when one finding is an error', () => {
    expect(findingsChip(status(), trans)).toBeNull();
    expect(
      findingsChip(status({ findings: [finding()] }), trans)
    ).toMatchObject({ label: '1 finding', tone: 'warn' });
    expect(
      findingsChip(
        status({ findings: [finding(), finding({ severity: 'error' })] }),
        trans
      )
    ).toMatchObject({ label: '2 findings', tone: 'bad' });
  });
});

describe('findings', () => {
  it('should be grouped by file, errors first', () => {
    const groups = groupFindings([
      finding({ path: 'b.ipynb', code: 'NBT301' }),
      finding({ path: 'c.ipynb', code: 'NBT104', severity: 'error' }),
      finding({ path: 'b.ipynb', code: 'NBT103' })
    ]);
    expect(
      groups.map(group => [group.path, group.findings.map(each => each.code)])
    ).toEqual([
      ['c.ipynb', ['NBT104']],
      ['b.ipynb', ['NBT103', 'NBT301']]
    ]);
  });

  it.each([
    ['rename', 'nbtrail:name-notebook', { path: 'a.ipynb' }],
    ['resolve', 'nbtrail:resolve-pair', { path: 'a.ipynb' }],
    ['init', 'nbtrail:init-project', {}]
  ])('should ask a person to %s', (action, id, args) => {
    const asking = finding({ fix: { action, label: 'Choose…', args: {} } });
    expect(fixCommand(asking)).toEqual({ id, args });
    expect(isAutomatic(asking)).toBe(false);
  });

  it('should show where a long notebook can be split', () => {
    const args = { path: 'a.ipynb', at: 'c7' };
    const fix = { action: 'split', label: 'Show where to split', args };
    const long = finding({ code: 'NBT702', cell_id: 'c7', fix });
    expect(fixCommand(long)).toEqual({
      id: 'nbtrail:open-notebook',
      args: { path: 'a.ipynb', cell: 'c7' }
    });
    expect(isAutomatic(long)).toBe(false);
  });

  it('should be mended by the server when nothing is to be asked', () => {
    expect(fixCommand(finding())).toEqual({
      id: 'nbtrail:fix-findings',
      args: { path: 'a.ipynb', code: 'NBT301' }
    });
    expect(isAutomatic(finding())).toBe(true);
  });

  it('should have no button when nothing mends them', () => {
    expect(fixCommand(finding({ fix: null }))).toBeNull();
    expect(isAutomatic(finding({ fix: null }))).toBe(false);
  });
});
