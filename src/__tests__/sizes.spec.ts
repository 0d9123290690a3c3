import { shareHeight } from '../panel/sizes';

describe('shareHeight', () => {
  it('should give each what it needs, and the rest to what grows', () => {
    expect(
      shareHeight({ pipeline: 300, runs: 100, history: 40, checks: 44 }, 700)
    ).toEqual({ pipeline: 383, runs: 183, history: 90, checks: 44 });
  });

  it('should show the pipeline first, the others as far as they can be read', () => {
    expect(
      shareHeight({ pipeline: 400, runs: 500, history: 500, checks: 500 }, 700)
    ).toEqual({ pipeline: 400, runs: 168, history: 66, checks: 66 });
  });

  it('should not let a long pipeline take everything', () => {
    expect(
      shareHeight({ pipeline: 2000, runs: 500, history: 0, checks: 44 }, 600)
    ).toEqual({ pipeline: 400, runs: 90, history: 66, checks: 44 });
  });

  it('should keep the proportions where there is hardly any room', () => {
    expect(
      shareHeight({ pipeline: 400, runs: 500, history: 500, checks: 44 }, 100)
    ).toEqual({ pipeline: 120, runs: 90, history: 66, checks: 44 });
  });
});
