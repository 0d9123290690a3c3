import { IDiffLine } from '../api';
import { changesOf, IChange, sourceOf } from '../model';
import { diffCell } from './samples';

type Line = [IDiffLine['op'], string, IDiffLine['spans']?];

/** What differs, as pieces of both texts; all else has to be the same. */
function pieces(...lines: Line[]): [string, string][] | null {
  const cell = diffCell({
    source: lines.map(([op, text, spans]) => ({ op, text, spans }))
  });
  const a = sourceOf(cell, 'a') ?? '';
  const b = sourceOf(cell, 'b') ?? '';
  const changes = changesOf(cell);
  if (changes === null) {
    return null;
  }
  const kept = (text: string, from: keyof IChange, to: keyof IChange): string =>
    [...changes].reverse().reduce((rest, change) => {
      return rest.slice(0, change[from]) + rest.slice(change[to]);
    }, text);
  expect(kept(a, 'fromA', 'toA')).toBe(kept(b, 'fromB', 'toB'));
  return changes.map(({ fromA, fromB, toA, toB }) => [
    a.slice(fromA, toA),
    b.slice(fromB, toB)
  ]);
}

describe('changesOf', () => {
  it('should find no change in equal lines', () => {
    expect(pieces(['equal', 'a = 1'], ['equal', ''])).toEqual([]);
  });

  it('should mark the characters that the server names', () => {
    expect(
      pieces(
        ['equal', 'depth = 3'],
        ['delete', 'rate = 0.1', [[9, 10]]],
        ['insert', 'rate = 0.05', [[9, 11]]],
        ['equal', 'fit()']
      )
    ).toEqual([['1', '05']]);
  });

  it('should pair lines with their counterparts among others', () => {
    expect(
      pieces(
        ['delete', 'gone'],
        ['delete', 'fit(x)', [[4, 5]]],
        ['insert', 'fit(y)', [[4, 5]]],
        ['insert', 'new']
      )
    ).toEqual([
      ['gone\n', ''],
      ['x', 'y'],
      ['', '\nnew']
    ]);
  });

  it('should take lines without counterpart as a whole', () => {
    expect(pieces(['insert', 'new'], ['equal', 'x']))?.toEqual([['', 'new\n']]);
    expect(pieces(['equal', 'x'], ['delete', 'old'])).toEqual([['\nold', '']]);
    expect(pieces(['delete', 'old'], ['insert', 'new'])).toEqual([
      ['old', 'new']
    ]);
  });

  it('should count characters as the server does', () => {
    expect(
      pieces(
        ['delete', "print('🙂 old')", [[9, 12]]],
        ['insert', "print('🙂 new')", [[9, 12]]]
      )
    ).toEqual([['old', 'new']]);
  });

  it('should not believe spans that do not fit together', () => {
    expect(
      pieces(['delete', 'abc', [[0, 1]]], ['insert', 'xyz', [[0, 1]]])
    ).toBeNull();
    expect(pieces(['delete', 'abc', [[0, 1]]])).toBeNull();
  });
});
