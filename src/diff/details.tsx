import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IDiffCell, IMetadataChange, IOutputDiff } from '../api';
import { compared } from '../model';
import { verdictLabel } from './summary';

interface IRow {
  a: unknown;
  b: unknown;
  name: string;
}

/** Cells of a table, or parts of a specification, that differ. */
export function Details(props: {
  detail: IOutputDiff;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { detail, trans } = props;
  const { cells, count, paths } = detail.details;
  const rows: IRow[] =
    cells?.map(({ a, b, column, row }) => ({
      a,
      b,
      name: trans.__('row %1, %2', String(row), String(column))
    })) ??
    paths?.map(({ a, b, path }) => ({ a, b, name: path })) ??
    [];
  if (rows.length === 0) {
    return null;
  }
  const more = (count ?? rows.length) - rows.length;
  return (
    <Values rows={rows} trans={trans} label={trans.__('What differs')}>
      {more > 0 && trans._n('and %1 more', 'and %1 more', more)}
    </Values>
  );
}

/** What differs in a cell's metadata and attachments, apart from noise. */
export function Metadata(props: {
  cell: IDiffCell;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { cell, trans } = props;
  const { attachments, related } = cell;
  return (
    <>
      {related && (
        <p className="jp-Trail-why">
          {related.how === 'split'
            ? trans.__('Split from cell %1', String(related.cell + 1))
            : trans.__('Went into cell %1', String(related.cell + 1))}
        </p>
      )}
      {attachments.map(({ name, verdict, why }) => (
        <p key={name} className={`jp-Trail-why jp-mod-${verdict}`}>
          {trans.__('Attachment %1: %2', name, why)}
        </p>
      ))}
      <MetadataChanges changes={cell.metadata} trans={trans} />
    </>
  );
}

/** Keys of metadata; those that are noise are named by the way. */
export function MetadataChanges(props: {
  changes: ReadonlyArray<IMetadataChange>;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { changes, trans } = props;
  const matter = changes.filter(({ verdict }) => verdict === 'changed');
  const noise = changes.filter(({ verdict }) => verdict === 'noise');
  return (
    <>
      {matter.length > 0 && (
        <Values
          label={trans.__('Metadata')}
          rows={matter.map(({ a, b, key }) => ({ a, b, name: key }))}
          trans={trans}
        />
      )}
      {noise.length > 0 && (
        <p className="jp-Trail-why jp-mod-noise">
          <span className="jp-Trail-verdictWord">
            {verdictLabel('noise', trans)}
          </span>
          {noise.map(({ key, why }) => `${key} (${why})`).join(', ')}
        </p>
      )}
    </>
  );
}

function Values(props: {
  children?: React.ReactNode;
  label: string;
  rows: IRow[];
  trans: TranslationBundle;
}): JSX.Element {
  const { children, label, rows, trans } = props;
  return (
    <table className="jp-Trail-values">
      <thead>
        <tr>
          <th scope="col">{label}</th>
          <th scope="col">{trans.__('Before')}</th>
          <th scope="col">{trans.__('Now')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ a, b, name }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{compared(a)}</td>
            <td>{compared(b)}</td>
          </tr>
        ))}
      </tbody>
      {children && <caption>{children}</caption>}
    </table>
  );
}
