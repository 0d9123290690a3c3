import * as React from 'react';

import { IDiffCell } from '../api';
import { useDrawn } from './draw';
import { Outputs } from './outputs';
import { Source } from './source';
import { roomFor } from './summary';
import type { IDiffContext } from './widget';

/** A cell that is as it was. */
export const Unchanged = React.memo(function Unchanged(
  props: IDiffContext & { cell: IDiffCell }
): JSX.Element {
  const { cell, queue, trans } = props;
  const [node, drawn] = useDrawn<HTMLElement>(queue);
  return (
    <section
      ref={node}
      className="jp-Trail-same"
      aria-label={trans.__('Cell %1, unchanged', String((cell.b ?? 0) + 1))}
      style={drawn ? undefined : { minHeight: roomFor(cell) }}
    >
      {drawn && (
        <>
          <Source {...props} />
          <Outputs {...props} />
        </>
      )}
    </section>
  );
});
