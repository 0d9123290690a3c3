import { ServerConnection } from '@jupyterlab/services';

import { EventStream } from '../model';

/** A socket that opens and closes when it is told to. */
class ToldSocket extends EventTarget {
  static all: ToldSocket[] = [];

  constructor(readonly url: string) {
    super();
    ToldSocket.all.push(this);
  }

  onclose: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;

  close(): void {
    this.onclose?.();
  }
}

describe('EventStream', () => {
  let events: EventStream;

  beforeEach(() => {
    jest.useFakeTimers();
    ToldSocket.all = [];
    events = new EventStream({
      serverSettings: ServerConnection.makeSettings({
        baseUrl: 'http://lab.invalid/',
        wsUrl: 'ws://lab.invalid/',
        WebSocket: ToldSocket as unknown as typeof WebSocket
      })
    });
  });

  afterEach(() => {
    events.dispose();
    events.dispose();
    jest.useRealTimers();
  });

  it('should tell when it is up again, and not of the first time', async () => {
    const restored = jest.fn();
    events.restored.connect(restored);
    await jest.advanceTimersByTimeAsync(100);
    const [first] = ToldSocket.all;
    first.dispatchEvent(new Event('open'));
    expect(restored).not.toHaveBeenCalled();

    first.close();
    await jest.advanceTimersByTimeAsync(60 * 1000);
    const again = ToldSocket.all[ToldSocket.all.length - 1];
    expect(again).not.toBe(first);
    again.dispatchEvent(new Event('open'));
    expect(restored).toHaveBeenCalledTimes(1);
  });

  it('should hand on events', async () => {
    const received = jest.fn();
    events.stream.connect((_, event) => received(event.schema_id));
    await jest.advanceTimersByTimeAsync(100);
    ToldSocket.all[0].onmessage?.({ data: '{"schema_id":"x"}' });
    expect(received).toHaveBeenCalledWith('x');
  });
});
