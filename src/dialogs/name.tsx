import { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect, UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { INotebookSummary } from '../api';
import { INameParts, NameProblem, NamingModel } from '../model';
import { FormBody } from './dialog';

/** What a person decided about a name. */
export interface INameChoice {
  parts: INameParts;

  /** The notebook that the new one continues. */
  from: string | null;
}

/** Form for a notebook's name: its parts, and the name that they give. */
export class NameForm extends FormBody<INameChoice> {
  constructor(options: NameForm.IOptions) {
    super();
    this.addClass('jp-Trail-form');
    this._options = options;
  }

  override dispose(): void {
    this._options.model.dispose();
    super.dispose();
  }

  getValue(): INameChoice {
    const { from, parts } = this._options.model;
    return { parts, from };
  }

  protected override render(): JSX.Element {
    const { lead, message, model, origins, trans } = this._options;
    return (
      <UseSignal signal={model.changed}>
        {() => (
          <>
            {message && (
              <p className="jp-Trail-form-message" role="alert">
                {message}
              </p>
            )}
            {lead && <p className="jp-Trail-form-lead">{lead}</p>}
            <NameFields model={model} trans={trans} />
            {origins && origins.length > 0 && (
              <Origin model={model} origins={origins} trans={trans} />
            )}
            <NameOutput {...this._options} />
            {this.signal}
          </>
        )}
      </UseSignal>
    );
  }

  private readonly _options: NameForm.IOptions;
}

export namespace NameForm {
  export interface IOptions {
    model: NamingModel;
    trans: TranslationBundle;

    /** Folder of the notebook in the project, shown before its name. */
    folder?: string;

    /** A line above the fields. */
    lead?: string;

    /** Why a name was refused. */
    message?: string;

    /** Notebooks that the new one can start from. */
    origins?: ReadonlyArray<INotebookSummary>;
  }
}

/** Category, sequence number and description. */
export function NameFields(props: {
  model: NamingModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, trans } = props;
  const { category, description, sequence } = model.parts;
  return (
    <>
      <fieldset className="jp-Trail-form-categories">
        <legend>{trans.__('Category')}</legend>
        {model.categories.map((word, index) => (
          <label key={word} data-hue={index % 6}>
            <input
              type="radio"
              name="jp-Trail-category"
              required
              value={word}
              checked={category === word}
              onChange={() => model.change({ category: word })}
            />
            <span>{word}</span>
          </label>
        ))}
      </fieldset>
      <div className="jp-Trail-form-row">
        <label className="jp-Trail-form-field jp-mod-short">
          <span>{trans.__('Number')}</span>
          <input
            className="jp-mod-styled"
            type="text"
            name="sequence"
            value={sequence ?? ''}
            placeholder={trans.__('none')}
            title={trans.__('Its place in the sequence, such as 3 or 2b')}
            pattern="\s*[0-9]{1,4}[A-Za-z]?\s*"
            maxLength={5}
            spellCheck={false}
            onChange={event => model.change({ sequence: event.target.value })}
          />
        </label>
        <label className="jp-Trail-form-field">
          <span>{trans.__('What it holds')}</span>
          <input
            className="jp-mod-styled"
            type="text"
            name="description"
            value={description}
            placeholder={trans.__('survival by class')}
            required
            pattern=".*[\p{L}\p{N}].*"
            maxLength={160}
            spellCheck={false}
            onFocus={event => event.currentTarget.select()}
            onChange={event =>
              model.change({ description: event.target.value })
            }
          />
        </label>
      </div>
    </>
  );
}

/** The name that the parts give, or what is missing. */
export function NameOutput(props: {
  folder?: string;
  model: NamingModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { folder, model, trans } = props;
  const { name, problem, refusal } = model;
  return (
    <>
      <output
        className={`jp-Trail-form-name ${problem ? 'jp-mod-missing' : ''}`}
        aria-live="polite"
      >
        {problem === null && folder && (
          <span className="jp-Trail-form-folder">{folder}/</span>
        )}
        {problem === null ? name : Private.missing(problem, trans)}
      </output>
      {refusal !== null && (
        <p
          className="jp-Trail-form-message jp-mod-bad jp-mod-error"
          role="alert"
        >
          {refusal}
        </p>
      )}
    </>
  );
}

function Origin(props: {
  model: NamingModel;
  origins: ReadonlyArray<INotebookSummary>;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, origins, trans } = props;
  const groups = [...model.categories, null].map(category => ({
    category,
    notebooks: origins.filter(notebook => notebook.category === category)
  }));
  return (
    <label className="jp-Trail-form-field">
      <span>{trans.__('Start from')}</span>
      <HTMLSelect
        className="jp-Trail-form-select"
        name="from"
        aria-label={trans.__('Start from')}
        title={trans.__(
          'The new notebook names the datasets that this one has written'
        )}
        value={model.from ?? ''}
        onChange={event => {
          model.from = event.target.value || null;
        }}
      >
        <option value="">{trans.__('an empty notebook')}</option>
        {groups
          .filter(({ notebooks }) => notebooks.length > 0)
          .map(({ category, notebooks }) => (
            <optgroup
              key={category ?? ''}
              label={category ?? trans.__('No category')}
            >
              {notebooks.map(({ path }) => (
                <option key={path} value={path}>
                  {path.replace(/\.ipynb$/, '')}
                </option>
              ))}
            </optgroup>
          ))}
      </HTMLSelect>
    </label>
  );
}

namespace Private {
  /** What a person has to do for a name. */
  export function missing(
    problem: NameProblem,
    trans: TranslationBundle
  ): string {
    switch (problem) {
      case 'category':
        return trans.__('Choose a category.');
      case 'sequence':
        return trans.__('A number looks like 3 or 2b.');
      case 'description':
        return trans.__('Say in a few words what the notebook is about.');
    }
  }
}
