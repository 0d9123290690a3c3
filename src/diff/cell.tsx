import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IDiffCell } from '../api';
import { Choice } from '../main/bits';
import { useDrawn } from './draw';
import { Metadata } from './details';
import { Outputs } from './outputs';
import { Rendered, Source } from './source';
import { cellLabel, roomFor } from './summary';
import type { IDiffContext } from './widget';

/** A cell that changed: what happened to it, its source, its outputs. */
export const Change = React.memo(function Change(
  props: IDiffContext & { cell: IDiffCell }
): JSX.Element {
  const { cell, queue, trans } = props;
  const [node, drawn] = useDrawn<HTMLElement>(queue);
  const [isRendered, setRendered] = React.useState(false);
  const label = cellLabel(cell, trans);
  return (
    <section
      ref={node}
      className={`jp-Trail-change jp-mod-${cell.op}`}
      data-op={cell.op}
      data-cell-id={cell.cell_id ?? ''}
      data-outputs={cell.outputs}
      tabIndex={-1}
      aria-label={label}
      style={drawn ? undefined : { minHeight: roomFor(cell) }}
    >
      {drawn && (
        <>
          <header className="jp-Trail-change-head">
            <h3>{label}</h3>
            {cell.cell_type === 'markdown' && (
              <Choice
                label={trans.__('How the text is shown')}
                value={isRendered ? 'rendered' : 'source'}
                onChoose={way => setRendered(way === 'rendered')}
                options={[
                  { label: trans.__('Source'), value: 'source' },
                  { label: trans.__('Rendered'), value: 'rendered' }
                ]}
              />
            )}
            <Apply {...props} />
          </header>
          {isRendered ? <Rendered {...props} /> : <Source {...props} />}
          <Metadata cell={cell} trans={trans} />
          <Outputs {...props} />
        </>
      )}
    </section>
  );
});

/** Puts the cell back as it was, where the notebook has it otherwise now. */
function Apply(props: IDiffContext & { cell: IDiffCell }): JSX.Element | null {
  const { canApply, cell, onApply, trans } = props;
  const isSame = cell.op === 'move' && !cell.source_changed;
  if (!canApply || isSame || cell.a === null || cell.cell_id === null) {
    return null;
  }
  return (
    <Button
      className="jp-Trail-button"
      title={trans.__(
        'Put this cell back as it was in the version on the left'
      )}
      onClick={() => onApply(cell)}
    >
      {trans.__('Apply this cell')}
    </Button>
  );
}
