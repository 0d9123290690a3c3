import { IOutput } from '@jupyterlab/nbformat';
import { OutputAreaModel, SimplifiedOutputArea } from '@jupyterlab/outputarea';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { IDiff, IDiffCell } from '../api';
import { foldCells, IFold } from './folds';
import { Lines } from './lines';
import { cellLabel, summaryLine, versionLabel } from './summary';

interface IContext {
  rendermime: IRenderMimeRegistry;
  trans: TranslationBundle;
}

/** A notebook's changes, cell by cell. */
export function Diff(
  props: IContext & { diff: IDiff; name: string }
): JSX.Element {
  const { diff, name, rendermime, trans } = props;
  const rows = foldCells(diff.cells);
  const same = rows.every(row => row.kind === 'fold');
  return (
    <>
      <header className="jp-Trail-diff-header">
        <h2>{name}</h2>
        <p className="jp-Trail-diff-summary">
          {summaryLine(diff.summary, trans)}
        </p>
        <p>
          <del>{versionLabel(diff.a, trans)}</del>
          <span aria-label={trans.__('compared with')}>→</span>
          <ins>{versionLabel(diff.b, trans)}</ins>
        </p>
      </header>
      {same && (
        <p className="jp-Trail-diff-same">
          {trans.__('The notebook is as it was.')}
        </p>
      )}
      {rows.map(row =>
        row.kind === 'fold' ? (
          <Fold key={row.start} fold={row} trans={trans} />
        ) : (
          <Cell
            key={row.start}
            cell={row.cell}
            rendermime={rendermime}
            trans={trans}
          />
        )
      )}
    </>
  );
}

function Fold(props: { fold: IFold; trans: TranslationBundle }): JSX.Element {
  const { fold, trans } = props;
  const [open, setOpen] = React.useState(false);
  return (
    <section className="jp-Trail-fold">
      <button
        className="jp-Trail-fold-toggle"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {trans._n('%1 cell unchanged', '%1 cells unchanged', fold.cells.length)}
      </button>
      {open &&
        fold.cells.map((cell, index) => (
          <Lines key={index} lines={cell.source} type={cell.cell_type} />
        ))}
    </section>
  );
}

function Cell(props: IContext & { cell: IDiffCell }): JSX.Element {
  const { cell, rendermime, trans } = props;
  return (
    <section
      className={`jp-Trail-change jp-mod-${cell.op}`}
      data-op={cell.op}
      data-cell-id={cell.cell_id ?? ''}
      data-outputs={cell.outputs}
      tabIndex={-1}
      aria-label={cellLabel(cell, trans)}
    >
      <h3>{cellLabel(cell, trans)}</h3>
      <Lines lines={cell.source} type={cell.cell_type} />
      {cell.cell_type === 'code' && (
        <Outputs cell={cell} rendermime={rendermime} trans={trans} />
      )}
    </section>
  );
}

function Outputs(props: IContext & { cell: IDiffCell }): JSX.Element | null {
  const { cell, rendermime, trans } = props;
  const [open, setOpen] = React.useState(cell.op === 'equal');
  if (cell.a_outputs.length + cell.b_outputs.length === 0) {
    return null;
  }
  return (
    <div className="jp-Trail-outputs">
      <button
        className={`jp-Trail-fold-toggle jp-mod-${cell.outputs}`}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {outputsLabel(cell, trans)}
      </button>
      {open && (
        <div className="jp-Trail-outputs-pair">
          {cell.outputs !== 'same' && cell.a_outputs.length > 0 && (
            <figure>
              <figcaption>{trans.__('Before')}</figcaption>
              <OutputsHost outputs={cell.a_outputs} rendermime={rendermime} />
            </figure>
          )}
          {cell.b_outputs.length > 0 && (
            <figure>
              <figcaption>
                {cell.outputs === 'same' ? trans.__('Both') : trans.__('Now')}
              </figcaption>
              <OutputsHost outputs={cell.b_outputs} rendermime={rendermime} />
            </figure>
          )}
        </div>
      )}
    </div>
  );
}

function outputsLabel(cell: IDiffCell, trans: TranslationBundle): string {
  switch (cell.outputs) {
    case 'same':
      return trans.__('Outputs are the same');
    case 'noise':
      return trans.__('Outputs differ in noise only');
    case 'changed':
      return trans.__('Outputs changed');
  }
}

/** Outputs as Lab draws those that it does not trust. */
function OutputsHost(props: {
  outputs: IOutput[];
  rendermime: IRenderMimeRegistry;
}): JSX.Element {
  const { outputs, rendermime } = props;
  const host = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    const node = host.current;
    if (!node) {
      return;
    }
    const model = new OutputAreaModel({ values: outputs, trusted: false });
    const area = new SimplifiedOutputArea({ model, rendermime });
    Widget.attach(area, node);
    return () => {
      // React may have taken the node out already, so no detach message then.
      if (area.isAttached) {
        Widget.detach(area);
      }
      area.dispose();
      model.dispose();
    };
  }, [outputs, rendermime]);
  return <div ref={host} className="jp-Trail-outputs-host" />;
}
