import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IComparedCode } from '../api';
import { CommandIDs } from '../tokens';
import { Hidden, Part, rowClass } from './tables';
import { IComparisonProps, stepName } from './widget';
import { stateLabel } from './words';

/** The code of the steps, from the first run to the last. */
export function Code(props: IComparisonProps): JSX.Element {
  const { comparison, context, model } = props;
  const { trans } = context;
  const { code } = comparison;
  const shown = code.filter(({ state }) => model.showsSame || state !== 'same');
  return (
    <Part label={trans.__('Code by step')} name="code">
      {code.length === 0 && (
        <p className="jp-Trail-none">{trans.__('No step is on record.')}</p>
      )}
      {shown.length > 0 && (
        <table className="jp-Trail-compared">
          <thead>
            <tr>
              <th scope="col">{trans.__('Step')}</th>
              <th scope="col">{trans.__('Code')}</th>
              <th scope="col">{trans.__('What')}</th>
              <th scope="col">{trans.__('Compare')}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(step => (
              <Step key={step.step} {...props} code={step} />
            ))}
          </tbody>
        </table>
      )}
      <Hidden {...props} count={code.length - shown.length} />
    </Part>
  );
}

function Step(props: IComparisonProps & { code: IComparedCode }): JSX.Element {
  const { code, context, model } = props;
  const { a, b, state, step, what } = code;
  const { app, trans } = context;
  return (
    <tr
      data-name={step}
      data-state={state}
      className={rowClass(state === 'same')}
    >
      <th scope="row" title={step}>
        {stepName(context, step)}
      </th>
      <td>{stateLabel(state, trans)}</td>
      <td className="jp-mod-wide">{what}</td>
      <td>
        {a !== null && b !== null && (
          <Button
            className="jp-Trail-button"
            title={trans.__('Compare the notebooks as they ran')}
            onClick={() =>
              void app.commands.execute(CommandIDs.openDiff, {
                a,
                b,
                path: step,
                project: model.root
              })
            }
          >
            {trans.__('Changes')}
          </Button>
        )}
      </td>
    </tr>
  );
}
