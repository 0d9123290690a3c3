import * as React from 'react';

import { areSame, compared, comparedPair, moved } from '../model';
import type { IComparisonProps } from './widget';

/** A part of the view with its title. */
export function Part(props: {
  children: React.ReactNode;
  label: string;
  name: string;
}): JSX.Element {
  const { children, label, name } = props;
  const id = React.useId();
  return (
    <section className="jp-Trail-part" data-part={name} aria-labelledby={id}>
      <h3 id={id}>{label}</h3>
      <div className="jp-Trail-part-scroll">{children}</div>
    </section>
  );
}

/** Named values, a column for each run. */
export function SideBySide(
  props: IComparisonProps & {
    label: string;
    name: string;
    nothing: string;
    values: { [name: string]: unknown[] };
  }
): JSX.Element {
  const { context, label, model, name, names, nothing, values } = props;
  const { trans } = context;
  const all = Object.entries(values);
  const shown = all.filter(([, row]) => model.showsSame || !areSame(row));
  const hidden = all.length - shown.length;
  return (
    <Part label={label} name={name}>
      {all.length === 0 && <p className="jp-Trail-none">{nothing}</p>}
      {shown.length > 0 && (
        <table className="jp-Trail-compared">
          <thead>
            <tr>
              <th scope="col">{trans.__('Name')}</th>
              {names.map((run, index) => (
                <th key={index} scope="col">
                  {run}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map(([key, row]) => (
              <tr key={key} data-name={key} className={rowClass(areSame(row))}>
                <th scope="row">{key}</th>
                {row.map((_, index) => (
                  <Value key={index} index={index} row={row} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Hidden {...props} count={hidden} />
    </Part>
  );
}

/** A value, and how it differs from that of the first run. */
function Value(props: { index: number; row: unknown[] }): JSX.Element {
  const { index, row } = props;
  const [first] = row;
  const value = row[index];
  const differs = !areSame([first, value]);
  const other = row.find(one => !areSame([first, one]));
  return (
    <td title={compared(value)} className={differs ? 'jp-mod-changed' : ''}>
      {differs ? comparedPair(first, value)[1] : comparedPair(value, other)[0]}
      {differs && <span className="jp-Trail-moved">{moved(first, value)}</span>}
    </td>
  );
}

/** That there is more, which is the same. */
export function Hidden(
  props: IComparisonProps & { count: number }
): JSX.Element | null {
  const { context, count, model } = props;
  return count === 0 ? null : (
    <button
      className="jp-Trail-fold-toggle"
      aria-expanded={false}
      onClick={() => {
        model.showsSame = true;
      }}
    >
      {context.trans._n('%1 is the same', '%1 are the same', count)}
    </button>
  );
}

export function rowClass(isSame: boolean): string {
  return isSame ? 'jp-mod-same' : '';
}

/** Packages and the rest of the environment, from the first run to the last. */
export function Environment(props: IComparisonProps): JSX.Element {
  const { trans } = props.context;
  const { added, changed, origins, other, removed } =
    props.comparison.environment;
  const rows = [
    ...pairs(changed, trans.__('changed')),
    ...Object.entries(added ?? {}).map(([name, version]) => ({
      name,
      how: trans.__('added'),
      before: undefined as unknown,
      after: version as unknown
    })),
    ...Object.entries(removed ?? {}).map(([name, version]) => ({
      name,
      how: trans.__('removed'),
      before: version as unknown,
      after: undefined as unknown
    })),
    ...pairs(origins, trans.__('from elsewhere')),
    ...pairs(other, trans.__('changed'))
  ];
  return (
    <Part label={trans.__('Environment')} name="environment">
      {rows.length === 0 ? (
        <p className="jp-Trail-none">
          {added === undefined
            ? trans.__('The environment of a run is not on record.')
            : trans.__('The environments are the same.')}
        </p>
      ) : (
        <table className="jp-Trail-compared">
          <thead>
            <tr>
              <th scope="col">{trans.__('Package')}</th>
              <th scope="col">{trans.__('First run')}</th>
              <th scope="col">{trans.__('Last run')}</th>
              <th scope="col">{trans.__('How')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ after, before, how, name }) => (
              <tr key={name} data-name={name}>
                <th scope="row">{name}</th>
                <td>{compared(before)}</td>
                <td>{compared(after)}</td>
                <td>{how}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Part>
  );
}

function pairs(
  values: { [name: string]: [unknown, unknown] } | undefined,
  how: string
): { after: unknown; before: unknown; how: string; name: string }[] {
  return Object.entries(values ?? {}).map(([name, [before, after]]) => ({
    after,
    before,
    how,
    name
  }));
}
