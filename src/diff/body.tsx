import * as React from 'react';

import { Nothing } from '../main/bits';
import { DiffModel } from '../model';
import { Change } from './cell';
import { MetadataChanges } from './details';
import { foldCells, IFold } from './folds';
import { Header } from './header';
import { Unchanged } from './unchanged';
import type { IDiffContext } from './widget';

/** A notebook's changes, cell by cell. */
export function Diff(
  props: IDiffContext & { model: DiffModel; name: string }
): JSX.Element {
  const { model, name, ...context } = props;
  const { trans } = context;
  const { diff } = model;
  const rows = React.useMemo(() => diff && foldCells(diff.cells), [diff]);
  const isSame =
    rows?.every(row => row.kind === 'fold') &&
    diff?.metadata.every(({ verdict }) => verdict !== 'changed');
  return (
    <>
      <Header model={model} name={name} trans={trans} />
      {rows === null && !model.error && (
        <p className="jp-Trail-view-wait" role="status">
          {trans.__('Comparing…')}
        </p>
      )}
      {diff && <MetadataChanges changes={diff.metadata} trans={trans} />}
      {isSame && (
        <Nothing title={trans.__('The notebook is as it was.')}>
          {trans.__('Choose other versions above to compare them.')}
        </Nothing>
      )}
      {rows?.map(row =>
        row.kind === 'fold' ? (
          <Fold key={row.start} {...context} fold={row} />
        ) : (
          <Change key={row.start} {...context} cell={row.cell} />
        )
      )}
    </>
  );
}

/** Cells that did not change, as one line or opened. */
function Fold(props: IDiffContext & { fold: IFold }): JSX.Element {
  const { fold, showsUnchanged, trans } = props;
  const [chosen, setChosen] = React.useState<boolean | null>(null);
  React.useEffect(() => setChosen(null), [showsUnchanged]);
  const open = chosen ?? showsUnchanged;
  const noise = fold.cells.filter(({ outputs }) => outputs === 'noise').length;
  return (
    <section className="jp-Trail-fold">
      <button
        className="jp-Trail-fold-toggle"
        aria-expanded={open}
        onClick={() => setChosen(!open)}
      >
        {trans._n('%1 cell unchanged', '%1 cells unchanged', fold.cells.length)}
        {noise > 0 && (
          <span className="jp-Trail-reason">
            {trans._n(
              '%1 with noise in its outputs',
              '%1 with noise in their outputs',
              noise
            )}
          </span>
        )}
      </button>
      {open &&
        fold.cells.map((cell, index) => (
          <Unchanged key={fold.start + index} {...props} cell={cell} />
        ))}
    </section>
  );
}
