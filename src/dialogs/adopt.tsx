import { Dialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { TrailClient } from '../api';
import { AdoptionModel, hue, IAdoptionRow, RowProblem } from '../model';
import { FormBody, TrailDialog } from './dialog';

/** Options of `askAdoption`. */
export interface IAdoptOptions {
  /** Whether the folder is a project already. */
  adopted: boolean;
  categories: ReadonlyArray<string>;
  model: AdoptionModel;
  trans: TranslationBundle;
}

/** Confidence below which a category deserves a second look. */
const UNSURE = 0.7;

/** Ask which names a folder's notebooks get; empty when cancelled. */
export async function askAdoption(
  options: IAdoptOptions
): Promise<TrailClient.INewPath[]> {
  const { adopted, trans } = options;
  const dialog = new TrailDialog<TrailClient.INewPath[]>({
    title: trans.__('Names for the notebooks of this folder'),
    body: new AdoptForm(options),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({
        label: adopted
          ? trans.__('Rename')
          : trans.__('Start a project and rename')
      })
    ],
    isCareful: true
  });
  dialog.addClass('jp-mod-wide');
  const { button, value } = await dialog.launch();
  return button.accept ? (value ?? []) : [];
}

class AdoptForm extends FormBody<TrailClient.INewPath[]> {
  constructor(private readonly _options: IAdoptOptions) {
    super();
    this.addClass('jp-Trail-form');
    this.addClass('jp-Trail-adopt');
  }

  getValue(): TrailClient.INewPath[] {
    return this._options.model.chosen;
  }

  protected override render(): JSX.Element {
    const { adopted, model, trans } = this._options;
    return (
      <UseSignal signal={model.changed}>
        {() => (
          <>
            <p className="jp-Trail-form-lead">
              {adopted
                ? trans.__(
                    'From what the notebooks do and say. Twins, histories, git and references go along, and it can be undone.'
                  )
                : trans.__(
                    'From what the notebooks do and say. This folder is only looked at: nothing is written before you start a project here.'
                  )}
            </p>
            {this._content()}
            {!model.isReady && <span className="jp-mod-error" hidden />}
            {this.signal}
          </>
        )}
      </UseSignal>
    );
  }

  private _content(): JSX.Element {
    const { model, trans } = this._options;
    if (model.error !== null) {
      return (
        <p className="jp-Trail-form-message jp-mod-bad" role="alert">
          {model.error}
        </p>
      );
    }
    if (model.rows.length === 0) {
      return (
        <p role="status">
          {model.loading
            ? trans.__('Reading the notebooks…')
            : trans.__('There is nothing to rename.')}
        </p>
      );
    }
    return (
      <>
        <Head model={model} trans={trans} />
        <Table {...this._options} />
        <Left model={model} trans={trans} />
      </>
    );
  }
}

/** How many are chosen, and what holds for all of them. */
function Head(props: {
  model: AdoptionModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, trans } = props;
  const { chosen, rows } = model;
  return (
    <div className="jp-Trail-adopt-head">
      <label className="jp-Trail-check">
        <input
          type="checkbox"
          name="all"
          checked={chosen.length === rows.length}
          ref={node => {
            if (node) {
              node.indeterminate =
                chosen.length > 0 && chosen.length < rows.length;
            }
          }}
          onChange={event => model.chooseAll(event.target.checked)}
        />
        <span>
          {trans.__(
            '%1 of %2 chosen',
            String(chosen.length),
            String(rows.length)
          )}
        </span>
      </label>
      {model.hasCopies && (
        <label className="jp-Trail-check">
          <input
            type="checkbox"
            name="scratch"
            checked={model.scratch}
            disabled={model.loading}
            onChange={event => {
              model.scratch = event.target.checked;
            }}
          />
          <span>{trans.__('Move near-copies to scratch')}</span>
        </label>
      )}
    </div>
  );
}

function Table(props: IAdoptOptions): JSX.Element {
  const { categories, model, trans } = props;
  return (
    <div className="jp-Trail-adopt-scroll">
      <table className="jp-Trail-adopt-table">
        <thead>
          <tr>
            <th>
              <span className="jp-Trail-hidden">{trans.__('Chosen')}</span>
            </th>
            <th>{trans.__('Notebook')}</th>
            <th>{trans.__('New name')}</th>
            <th>{trans.__('Why')}</th>
          </tr>
        </thead>
        <tbody>
          {model.rows.map(row => (
            <Row
              key={row.suggestion.path}
              categories={categories}
              model={model}
              row={row}
              trans={trans}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row(props: {
  categories: ReadonlyArray<string>;
  model: AdoptionModel;
  row: IAdoptionRow;
  trans: TranslationBundle;
}): JSX.Element {
  const { categories, model, row, trans } = props;
  const { chosen, name, problem, suggestion } = row;
  const { category, confidence, copy_why, near_copy_of, path, similarity } =
    suggestion;
  const folder = suggestion.new_path.replace(/[^/]*$/, '');
  const percent = (share: number): string => `${Math.round(share * 100)} %`;
  return (
    <tr
      className={`${chosen ? '' : 'jp-mod-off'} ${near_copy_of ? 'jp-mod-copy' : ''}`}
      data-trail-path={path}
      data-hue={hue(category, categories)}
    >
      <td>
        <input
          type="checkbox"
          aria-label={trans.__('Rename %1', path)}
          checked={chosen}
          onChange={event => model.choose(path, event.target.checked)}
        />
      </td>
      <th scope="row">{path}</th>
      <td>
        <input
          className={`jp-mod-styled ${problem ? 'jp-mod-wrong' : ''}`}
          type="text"
          aria-label={trans.__('New name of %1', path)}
          aria-invalid={problem !== null}
          title={`${folder}${name}`}
          value={name}
          disabled={!chosen}
          spellCheck={false}
          onChange={event => model.rename(path, event.target.value)}
        />
        {problem !== null && (
          <p className="jp-Trail-error">{Private.wrong(problem, trans)}</p>
        )}
        {problem === null && folder !== path.replace(/[^/]*$/, '') && (
          <p>{trans.__('in %1', folder)}</p>
        )}
      </td>
      <td>
        <p>
          <span className="jp-Trail-adopt-category">{category}</span>{' '}
          <span
            className={confidence < UNSURE ? 'jp-Trail-adopt-unsure' : ''}
            title={trans.__('How sure the category is')}
          >
            {confidence < UNSURE
              ? trans.__('unsure, %1', percent(confidence))
              : percent(confidence)}
          </span>
        </p>
        <p>{suggestion.why}</p>
        {near_copy_of !== null && (
          <p className="jp-Trail-adopt-copy" title={copy_why ?? undefined}>
            {trans.__(
              '%1 the same as %2',
              percent(similarity ?? 1),
              near_copy_of
            )}
          </p>
        )}
      </td>
    </tr>
  );
}

/** What is left alone, folded. */
function Left(props: {
  model: AdoptionModel;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { model, trans } = props;
  const [open, setOpen] = React.useState(false);
  if (model.left.length === 0) {
    return null;
  }
  return (
    <div>
      <button
        className="jp-Trail-fold-toggle"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {trans._n(
          '%1 notebook is left alone',
          '%1 notebooks are left alone',
          model.left.length
        )}
      </button>
      {open && (
        <ul className="jp-Trail-adopt-left">
          {model.left.map(({ path, why }) => (
            <li key={path}>
              <b>{path}</b> {why}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

namespace Private {
  /** What is wrong with a name. */
  export function wrong(problem: RowProblem, trans: TranslationBundle): string {
    switch (problem) {
      case 'ending':
        return trans.__('A file name that ends in .ipynb is needed.');
      case 'category':
        return trans.__('The name needs exactly one category.');
      case 'description':
        return trans.__('The name says nothing about the content.');
      case 'taken':
        return trans.__('Two notebooks would have this name.');
    }
  }
}
