import { DisposableDelegate, IDisposable } from '@lumino/disposable';
import * as React from 'react';

/**
 * Draws rows when they come near the screen, a few in every frame.
 *
 * A row that was drawn stays: what is open in it would be closed otherwise.
 */
export class DrawQueue implements IDisposable {
  /** @param root The element that scrolls. */
  constructor(root: HTMLElement) {
    this._observer = new IntersectionObserver(
      entries => {
        for (const { boundingClientRect, isIntersecting, target } of entries) {
          if (isIntersecting) {
            this._near.set(target, boundingClientRect);
          } else {
            this._near.delete(target);
          }
        }
        this._schedule();
      },
      { root, rootMargin: DrawQueue.MARGIN }
    );
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._observer.disconnect();
    cancelAnimationFrame(this._frame);
    this._waiting.clear();
    this._near.clear();
  }

  /** Call `draw` once `node` is near the screen; disposing takes that back. */
  add(node: Element, draw: () => void): IDisposable {
    this._waiting.set(node, draw);
    this._observer.observe(node);
    return new DisposableDelegate(() => this._remove(node));
  }

  private _remove(node: Element): void {
    this._waiting.delete(node);
    this._near.delete(node);
    this._observer.unobserve(node);
  }

  private _schedule(): void {
    if (this._frame === 0 && this._near.size > 0) {
      this._frame = requestAnimationFrame(() => this._draw());
    }
  }

  private _draw(): void {
    this._frame = 0;
    const middle = window.innerHeight / 2;
    // Places as the observer saw them: asking for them now would cost a layout.
    const nearest = [...this._near]
      .map(([node, { bottom, top }]) => ({
        node,
        distance: Math.max(top - middle, middle - bottom, 0)
      }))
      .sort((a, b) => a.distance - b.distance)
      .slice(0, DrawQueue.PER_FRAME);
    for (const { node } of nearest) {
      const draw = this._waiting.get(node);
      this._remove(node);
      draw?.();
    }
    this._schedule();
  }

  private _frame = 0;
  private _isDisposed = false;
  private readonly _near = new Map<Element, DOMRectReadOnly>();
  private readonly _observer: IntersectionObserver;
  private readonly _waiting = new Map<Element, () => void>();
}

export namespace DrawQueue {
  /** How many rows are drawn in a frame: one takes some milliseconds. */
  export const PER_FRAME = 2;

  /** How far from the screen rows are drawn. */
  export const MARGIN = '900px 0px';
}

/** Whether a row's content is to be drawn, and the row's node. */
export function useDrawn<T extends HTMLElement>(
  queue: DrawQueue
): [React.RefObject<T>, boolean] {
  const node = React.useRef<T>(null);
  const [drawn, setDrawn] = React.useState(false);
  React.useEffect(() => {
    if (drawn || !node.current) {
      return;
    }
    const waiting = queue.add(node.current, () => setDrawn(true));
    return () => waiting.dispose();
  }, [drawn, queue]);
  return [node, drawn];
}
