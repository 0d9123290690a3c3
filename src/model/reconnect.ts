import { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

/**
 * Tells when the server can be reached again after it could not.
 *
 * Nothing is asked while the connection is up.
 */
export class Reconnection implements IDisposable {
  constructor(options: Reconnection.IOptions) {
    this._probe = options.probe;
    this._lost = options.lost;
    this._lost.connect(this._onLost, this);
  }

  /** Emits when the server answers again. */
  get restored(): ISignal<this, void> {
    return this._restored;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._lost.disconnect(this._onLost, this);
    this._poll?.dispose();
    Signal.clearData(this);
  }

  private _onLost(): void {
    if (this._poll || this._isDisposed) {
      return;
    }
    const poll = (this._poll = new Poll({
      name: 'nbtrail:reconnect',
      frequency: { interval: 1000, backoff: true, max: 30 * 1000 },
      standby: 'when-hidden',
      factory: () => this._probe()
    }));
    poll.ticked.connect(this._onTicked, this);
  }

  private _onTicked(poll: Poll): void {
    if (poll.state.phase !== 'resolved') {
      return;
    }
    poll.dispose();
    this._poll = null;
    this._restored.emit();
  }

  private _isDisposed = false;
  private readonly _lost: ISignal<unknown, unknown>;
  private _poll: Poll | null = null;
  private readonly _probe: () => Promise<unknown>;
  private readonly _restored = new Signal<this, void>(this);
}

export namespace Reconnection {
  export interface IOptions {
    /** Emits when a request found no server. */
    lost: ISignal<unknown, unknown>;

    /** Asks the server something; rejects while it cannot be reached. */
    probe: () => Promise<unknown>;
  }
}
