import type { Widget } from '@lumino/widgets';
import * as React from 'react';

/**
 * Hold a widget of Lumino's in a node that React draws.
 *
 * @param make - Makes the widget and attaches it to the node; `null` where
 *   there is none. It is taken away when one of `depends` changes.
 * @returns what the node is to have as its `ref`.
 */
export function useHosted(
  make: (node: HTMLElement) => Widget | null,
  depends: React.DependencyList
): React.RefObject<HTMLDivElement> {
  const host = React.useRef<HTMLDivElement>(null);
  const held = React.useRef<Widget | null>(null);
  React.useEffect(() => {
    held.current = host.current && make(host.current);
  }, depends);
  // Only a layout effect is undone while its node is still in the document,
  // and a widget can be detached from no other.
  React.useLayoutEffect(
    () => () => {
      held.current?.dispose();
      held.current = null;
    },
    depends
  );
  return host;
}
