import { PromiseDelegate } from '@lumino/coreutils';

import { RefreshQueue } from '../model';

describe('RefreshQueue', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('should make one pass of requests that come together', async () => {
    const passes: string[][] = [];
    const queue = new RefreshQueue<'a' | 'b'>({
      refresh: async parts => {
        passes.push([...parts].sort());
      }
    });
    const done = Promise.all([queue.request('a'), queue.request('b', 'a')]);
    await jest.advanceTimersByTimeAsync(100);
    await done;
    expect(passes).toEqual([['a', 'b']]);
    queue.dispose();
  });

  it('should wait while more comes, but not for ever', async () => {
    const refresh = jest.fn().mockResolvedValue(undefined);
    const queue = new RefreshQueue<'a'>({ refresh, delay: 100, patience: 450 });
    for (let n = 0; n < 8; n++) {
      void queue.request('a');
      await jest.advanceTimersByTimeAsync(50);
    }
    expect(refresh).toHaveBeenCalledTimes(0);
    void queue.request('a');
    await jest.advanceTimersByTimeAsync(60);
    expect(refresh).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(1000);
    expect(refresh).toHaveBeenCalledTimes(1);
    queue.dispose();
  });

  it('should never run two passes at once, and forget no request', async () => {
    const gate = new PromiseDelegate<void>();
    const passes: string[][] = [];
    const queue = new RefreshQueue<'a' | 'b'>({
      refresh: async parts => {
        passes.push([...parts]);
        if (passes.length === 1) {
          await gate.promise;
        }
      }
    });
    const first = queue.request('a');
    await jest.advanceTimersByTimeAsync(100);
    const second = queue.request('b');
    await jest.advanceTimersByTimeAsync(1000);
    expect(passes).toEqual([['a']]);
    gate.resolve();
    await first;
    await jest.advanceTimersByTimeAsync(100);
    await second;
    expect(passes).toEqual([['a'], ['b']]);
    queue.dispose();
  });

  it('should go on after a pass that failed', async () => {
    const error = jest.spyOn(console, 'error').mockImplementation();
    const refresh = jest
      .fn<Promise<void>, []>()
      .mockRejectedValueOnce(new Error('gone'))
      .mockResolvedValue();
    const queue = new RefreshQueue<'a'>({ refresh });
    const first = queue.request('a');
    await jest.advanceTimersByTimeAsync(100);
    await first;
    const second = queue.request('a');
    await jest.advanceTimersByTimeAsync(100);
    await second;
    expect(refresh).toHaveBeenCalledTimes(2);
    expect(error).toHaveBeenCalledTimes(1);
    error.mockRestore();
    queue.dispose();
  });

  it('should release those who wait when it is disposed of', async () => {
    const refresh = jest.fn().mockResolvedValue(undefined);
    const queue = new RefreshQueue<'a'>({ refresh });
    const waiting = queue.request('a');
    queue.dispose();
    queue.dispose();
    await waiting;
    await jest.advanceTimersByTimeAsync(1000);
    expect(refresh).not.toHaveBeenCalled();
  });
});
