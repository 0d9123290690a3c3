import { Event, EventManager, ServerConnection } from '@jupyterlab/services';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

/**
 * Jupyter's event stream, and word of its coming back.
 *
 * Events that were sent while the socket was down are lost, so whoever lives
 * by them has to ask the server once when it is up again. Lab's own event
 * manager reconnects without telling; this is one whose socket is watched.
 */
export class EventStream implements IDisposable {
  constructor(options: EventStream.IOptions) {
    this._manager = new EventManager({
      serverSettings: {
        ...options.serverSettings,
        WebSocket: Private.watched(options.serverSettings.WebSocket, () =>
          this._onOpen()
        )
      }
    });
  }

  /** Every event of the server. */
  get stream(): Event.Stream {
    return this._manager.stream;
  }

  /** Emits when the stream is up again after it was down. */
  get restored(): ISignal<this, void> {
    return this._restored;
  }

  get isDisposed(): boolean {
    return this._manager.isDisposed;
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._manager.dispose();
    Signal.clearData(this);
  }

  private _onOpen(): void {
    if (this._opened) {
      this._restored.emit();
    }
    this._opened = true;
  }

  private readonly _manager: EventManager;
  private _opened = false;
  private readonly _restored = new Signal<this, void>(this);
}

export namespace EventStream {
  export interface IOptions {
    serverSettings: ServerConnection.ISettings;
  }
}

namespace Private {
  /** The same kind of socket, that tells when it is open. */
  export function watched(
    Socket: typeof WebSocket,
    opened: () => void
  ): typeof WebSocket {
    return class extends Socket {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(url, protocols);
        this.addEventListener('open', opened);
      }
    };
  }
}
