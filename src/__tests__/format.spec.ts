import {
  bytes,
  clock,
  compared,
  comparedPair,
  duration,
  number,
  shortMetric
} from '../model';

describe('format', () => {
  it.each([
    [0.0004, '1 ms'],
    [0.012, '12 ms'],
    [0.41, '0.4 s'],
    [9.94, '9.9 s'],
    [41.2, '41 s'],
    [125, '2:05'],
    [null, '']
  ])('should write %s seconds', (value, text) => {
    expect(duration(value)).toBe(text);
  });

  it('should write hours on a clock', () => {
    expect(clock(3723)).toBe('1:02:03');
  });

  it.each([
    [0, '0'],
    [0.8838, '0.884'],
    [-0.25, '-0.250'],
    [12.345, '12.35'],
    [1204, '1,204'],
    [2.22e-16, '2.2e-16'],
    [1e-9, '1e-9']
  ])('should write the number %s', (value, text) => {
    expect(number(value)).toBe(text);
  });

  it('should shorten a metric for a narrow column', () => {
    expect(shortMetric({ gbm_auc: 0.8708, x: 1 })).toBe('auc .871');
    expect(shortMetric({ r2: -0.5 })).toBe('r2 -.500');
    expect(shortMetric({ loss_by_depth: 0.08, cv_auc: 0.99 })).toBe('auc .990');
    expect(shortMetric({ samples_flagged: 22 })).toBe('flagged 22');
    expect(shortMetric({})).toBe('');
  });

  it('should write bytes', () => {
    expect([bytes(0), bytes(999), bytes(61194), bytes(null)]).toEqual([
      '0 B',
      '999 B',
      '61.2 kB',
      ''
    ]);
  });
});

describe('comparedPair', () => {
  it('should show as many digits as make the difference', () => {
    expect(comparedPair(0.8708333, 0.8838837)).toEqual(['0.8708', '0.8839']);
    expect(comparedPair(0.8837837837837839, 0.8837837837837837)).toEqual([
      '0.8837837837837839',
      '0.8837837837837837'
    ]);
  });

  it('should shorten hashes and name what is missing', () => {
    expect(comparedPair('a'.repeat(64), null)).toEqual(['aaaaaa…', '–']);
    expect(compared({ a: 1 })).toBe('{"a":1}');
  });
});
