import { IOutput } from '@jupyterlab/nbformat';

import { IOutputDiff } from '../api';
import { heat } from '../diff/heat';
import { imagesOf, pairOutputs } from '../model';
import { diffCell } from './samples';

const stream = (text: string, name = 'stdout'): IOutput => ({
  output_type: 'stream',
  name,
  text
});
const picture = (data: string): IOutput => ({
  output_type: 'display_data',
  metadata: {},
  data: { 'image/png': data }
});
const detail = (part: Partial<IOutputDiff>): IOutputDiff => ({
  a: 0,
  b: 0,
  kind: 'text',
  verdict: 'changed',
  why: 'line 1 differs',
  details: {},
  ...part
});

describe('pairOutputs', () => {
  it('should put outputs beside their counterparts', () => {
    const pairs = pairOutputs(
      diffCell({
        outputs: 'changed',
        a_outputs: [stream('a'), stream('b'), picture('A'), stream('gone')],
        b_outputs: [stream('c'), picture('B'), stream('x', 'stderr')],
        outputs_detail: [
          detail({}),
          detail({ a: 2, b: 1, kind: 'image', verdict: 'noise' }),
          detail({ a: 3, b: null })
        ]
      })
    );
    expect(
      pairs.map(({ a, b, verdict }) => [a.length, b.length, verdict])
    ).toEqual([
      [2, 1, 'changed'],
      [1, 1, 'noise'],
      [1, 1, 'same'],
      [1, 0, 'changed']
    ]);
  });

  it('should leave those of a new cell together', () => {
    const [pair, ...others] = pairOutputs(
      diffCell({ op: 'insert', a: null, b_outputs: [stream('a')] })
    );
    expect(others).toEqual([]);
    expect(pair.b).toHaveLength(1);
  });
});

describe('imagesOf', () => {
  const pair = (a: IOutput[], b: IOutput[]): ReturnType<typeof imagesOf> =>
    imagesOf({ a, b, verdict: 'changed', detail: null });

  it('should find pictures on both sides', () => {
    expect(pair([picture('AB\nC=')], [picture('D')])).toEqual({
      a: 'data:image/png;base64,ABC=',
      b: 'data:image/png;base64,D'
    });
    expect(pair([picture('A')], [stream('no picture')])).toBeNull();
    expect(pair([], [picture('A')])).toBeNull();
  });
});

describe('heat', () => {
  it('should count the pixels that differ, and mark them', () => {
    const before = new Uint8ClampedArray([10, 10, 10, 255, 0, 0, 0, 255]);
    const after = new Uint8ClampedArray([11, 10, 10, 255, 0, 90, 0, 255]);
    expect(heat(before, after)).toBe(1);
    const [red, green, blue] = after.slice(4);
    expect(red).toBeGreaterThan(200);
    expect(green + blue).toBeLessThan(300);
  });
});
