import * as React from 'react';

import { IComparedFile, IFileState, ITableDiff } from '../api';
import { bytes, compared } from '../model';
import { Hidden, Part, rowClass } from './tables';
import { IComparisonProps, stepName } from './widget';
import { stateLabel } from './words';

/** Files that steps read or wrote, a column for each run. */
export function Files(
  props: IComparisonProps & { kind: 'inputs' | 'outputs'; label: string }
): JSX.Element {
  const { comparison, context, kind, label, model, names } = props;
  const { trans } = context;
  const files = comparison[kind];
  const shown = files.filter(
    ({ state }) => model.showsSame || state !== 'same'
  );
  return (
    <Part label={label} name={kind}>
      {files.length === 0 && (
        <p className="jp-Trail-none">{trans.__('No file is on record.')}</p>
      )}
      {shown.length > 0 && (
        <table className="jp-Trail-compared">
          <thead>
            <tr>
              <th scope="col">{trans.__('File')}</th>
              <th scope="col">{trans.__('Step')}</th>
              {names.map((run, index) => (
                <th key={index} scope="col">
                  {run}
                </th>
              ))}
              <th scope="col">{trans.__('What')}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(file => (
              <File key={`${file.step} ${file.path}`} {...props} file={file} />
            ))}
          </tbody>
        </table>
      )}
      <Hidden {...props} count={files.length - shown.length} />
    </Part>
  );
}

function File(props: IComparisonProps & { file: IComparedFile }): JSX.Element {
  const { context, file } = props;
  const { trans } = context;
  return (
    <tr
      data-name={file.path}
      data-state={file.state}
      className={rowClass(file.state === 'same')}
    >
      <th scope="row">{file.path}</th>
      <td>{stepName(context, file.step)}</td>
      {file.files.map((state, index) => (
        <td key={index} title={state?.sha256 ?? undefined}>
          {size(state)}
        </td>
      ))}
      <td>
        {stateLabel(file.state, trans)}
        {file.table && <Table {...props} table={file.table} />}
      </td>
    </tr>
  );
}

/** Size and the first characters of the hash. */
function size(state: IFileState | null): string {
  return state === null
    ? '–'
    : [bytes(state.bytes), state.sha256?.slice(0, 6)]
        .filter(Boolean)
        .join(' · ');
}

/** Rows, columns, types and statistics that changed in a table. */
function Table(props: IComparisonProps & { table: ITableDiff }): JSX.Element {
  const { context, table } = props;
  const { trans } = context;
  const facts = [
    table.rows[0] !== table.rows[1] &&
      trans.__('rows %1 → %2', String(table.rows[0]), String(table.rows[1])),
    table.added.length > 0 &&
      trans.__('columns added: %1', table.added.join(', ')),
    table.removed.length > 0 &&
      trans.__('columns removed: %1', table.removed.join(', ')),
    ...Object.entries(table.types).map(([name, [before, after]]) =>
      trans.__('%1: %2 → %3', name, before, after)
    )
  ].filter(Boolean);
  const statistics = Object.entries(table.statistics).flatMap(
    ([column, values]) =>
      Object.entries(values).map(([name, [before, after]]) => ({
        after,
        before,
        column,
        name
      }))
  );
  return (
    <>
      {facts.map((fact, index) => (
        <div key={index}>{fact}</div>
      ))}
      {statistics.length > 0 && (
        <details>
          <summary>
            {trans._n(
              '%1 statistic changed',
              '%1 statistics changed',
              statistics.length
            )}
          </summary>
          <table className="jp-Trail-values">
            <tbody>
              {statistics.map(({ after, before, column, name }) => (
                <tr key={`${column} ${name}`}>
                  <th scope="row">{`${column} ${name}`}</th>
                  <td>{short(before)}</td>
                  <td>{short(after)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      )}
    </>
  );
}

function short(value: number | null): string {
  return value === null
    ? compared(value)
    : String(Number(value.toPrecision(6)));
}
