import { ServerConnection } from '@jupyterlab/services';

import { asRefusal, beside, partsInstead } from '../model';

const CATEGORIES = ['EXPLORATION', 'CLEANING'];

function failure(status: number, message: string): Error {
  const response = { status, statusText: '' } as Response;
  return new ServerConnection.ResponseError(response, message);
}

describe('refusals', () => {
  it('should tell a name that is refused from other failures', () => {
    expect(
      asRefusal(failure(422, 'a.ipynb names no category: put one. (NBT101)'))
    ).toEqual({
      code: 'NBT101',
      message: 'a.ipynb names no category: put one.'
    });
    expect(asRefusal(failure(422, 'The twin is wrong. (NBT303)'))).toBeNull();
    expect(asRefusal(failure(409, 'It is there. (NBT101)'))).toBeNull();
    expect(asRefusal(new Error('(NBT101)'))).toBeNull();
  });

  it.each([
    [
      'a/final_v2.ipynb',
      '1-CLEANING-ages.ipynb',
      'NBT101',
      'CLEANING',
      'final v2'
    ],
    ['test.ipynb', 'CLEANING-ages.ipynb', 'NBT103', 'CLEANING', 'ages'],
    ['CLEANING-new.ipynb', null, 'NBT103', 'CLEANING', ''],
    ['old.ipynb', null, 'NBT101', null, 'old']
  ])(
    'should start with what %s says',
    (refused, origin, code, category, said) => {
      expect(partsInstead(refused, origin, code, CATEGORIES)).toEqual({
        sequence: null,
        category,
        description: said
      });
    }
  );

  it('should leave a notebook its number when it is renamed', () => {
    const parts = ['x.ipynb', '2-CLEANING-a.ipynb', 'NBT101'] as const;
    expect(partsInstead(...parts, CATEGORIES).sequence).toBeNull();
    expect(partsInstead(...parts, CATEGORIES, true).sequence).toBe('2');
  });

  it('should stay in the folder and on the drive', () => {
    expect(beside('a/b/c.ipynb', 'd.ipynb')).toBe('a/b/d.ipynb');
    expect(beside('c.ipynb', 'd.ipynb')).toBe('d.ipynb');
    expect(beside('RTC:c.ipynb', 'd.ipynb')).toBe('RTC:d.ipynb');
    expect(beside('RTC:a/c.ipynb', 'd.ipynb')).toBe('RTC:a/d.ipynb');
  });
});
