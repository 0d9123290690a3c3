import { IOutput } from '@jupyterlab/nbformat';
import { OutputAreaModel, SimplifiedOutputArea } from '@jupyterlab/outputarea';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { IDiffCell } from '../api';
import { useHosted } from '../main/hosted';
import { imagesOf, IOutputPair, pairOutputs } from '../model';
import { Images } from './images';
import { Details } from './details';
import { outputsLabel, verdictLabel } from './summary';
import type { IDiffContext } from './widget';

/** What a cell left in two versions, hidden until somebody wants to see it. */
export function Outputs(
  props: IDiffContext & { cell: IDiffCell }
): JSX.Element | null {
  const { cell, showsOutputs, trans } = props;
  const [chosen, setChosen] = React.useState<boolean | null>(null);
  const open = chosen ?? showsOutputs;
  const id = React.useId();
  React.useEffect(() => setChosen(null), [showsOutputs]);
  if (cell.a_outputs.length + cell.b_outputs.length === 0) {
    return null;
  }
  return (
    <div className="jp-Trail-outputs">
      <button
        className={`jp-Trail-fold-toggle jp-mod-${cell.outputs}`}
        aria-controls={id}
        aria-expanded={open}
        onClick={() => setChosen(!open)}
      >
        {outputsLabel(cell, trans)}
        {!open && cell.why && (
          <span className="jp-Trail-reason">{cell.why}</span>
        )}
      </button>
      <div id={id}>
        {open &&
          pairOutputs(cell).map((pair, index) => (
            <Pair key={index} {...props} pair={pair} />
          ))}
      </div>
    </div>
  );
}

function Pair(props: IDiffContext & { pair: IOutputPair }): JSX.Element {
  const { pair, rendermime, trans } = props;
  const images = imagesOf(pair);
  return (
    <div className="jp-Trail-output" data-outputs={pair.verdict}>
      {pair.detail && (
        <p className={`jp-Trail-why jp-mod-${pair.verdict}`}>
          <span className="jp-Trail-verdictWord">
            {verdictLabel(pair.verdict, trans)}
          </span>
          {pair.detail.why}
        </p>
      )}
      {pair.detail && <Details detail={pair.detail} trans={trans} />}
      {images ? (
        <Images images={images} trans={trans} />
      ) : (
        <div className="jp-Trail-pair">
          <OutputSide
            label={trans.__('Before')}
            outputs={pair.a}
            rendermime={rendermime}
            trans={trans}
            isHidden={pair.verdict === 'same'}
          />
          <OutputSide
            label={pair.verdict === 'same' ? trans.__('Both') : trans.__('Now')}
            outputs={pair.b}
            rendermime={rendermime}
            trans={trans}
          />
        </div>
      )}
    </div>
  );
}

function OutputSide(props: {
  isHidden?: boolean;
  label: string;
  outputs: IOutput[];
  rendermime: IRenderMimeRegistry;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { isHidden = false, label, outputs, rendermime, trans } = props;
  if (isHidden) {
    return null;
  }
  return (
    <figure>
      <figcaption>{label}</figcaption>
      {outputs.length > 0 ? (
        <OutputsHost outputs={outputs} rendermime={rendermime} />
      ) : (
        <p className="jp-Trail-none">{trans.__('no output')}</p>
      )}
    </figure>
  );
}

/** Outputs as Lab draws those that it does not trust. */
export function OutputsHost(props: {
  outputs: IOutput[];
  rendermime: IRenderMimeRegistry;
}): JSX.Element {
  const { outputs, rendermime } = props;
  const host = useHosted(
    node => {
      const model = new OutputAreaModel({ values: outputs, trusted: false });
      const area = new SimplifiedOutputArea({ model, rendermime });
      Widget.attach(area, node);
      area.disposed.connect(() => model.dispose());
      return area;
    },
    [outputs, rendermime]
  );
  return <div ref={host} className="jp-Trail-outputs-host" />;
}
