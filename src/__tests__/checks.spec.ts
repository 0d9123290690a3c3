import { countNames, messageParts, silenceComment } from '../model';
import { finding } from './samples';

describe('checks', () => {
  it('should tell code in a message apart', () => {
    expect(messageParts('`rand` draws; set `random_state`.')).toEqual([
      { text: 'rand', code: true },
      { text: ' draws; set ', code: false },
      { text: 'random_state', code: true },
      { text: '.', code: false }
    ]);
    expect(messageParts('plain')).toEqual([{ text: 'plain', code: false }]);
  });

  it.each([
    ['NBT601', 'c1', 'code', '# nbtrail: ignore NBT601'],
    ['NBT602', 'c1', 'markdown', '<!-- nbtrail: ignore NBT602 -->'],
    ['NBT601', null, 'code', null],
    ['NBT303', 'c1', 'code', null],
    ['NBT904', 'c1', 'code', null]
  ])('should silence %s of %s', (code, cell_id, type, comment) => {
    expect(silenceComment({ code, cell_id }, type)).toBe(comment);
  });

  it('should count notebooks that need another name once', () => {
    const fix = { action: 'rename', label: 'Name it…', args: {} };
    expect(
      countNames([
        finding({ path: 'a.ipynb', code: 'NBT101', fix }),
        finding({ path: 'a.ipynb', code: 'NBT103', fix }),
        finding({ path: 'b.ipynb', code: 'NBT301', fix: null })
      ])
    ).toBe(1);
  });
});
