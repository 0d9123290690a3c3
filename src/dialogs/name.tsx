import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { buildName, INameParts } from '../model/names';

/**
 * Form for a notebook's name: category, description, and the name they give.
 */
export class NameForm
  extends ReactWidget
  implements Dialog.IBodyWidget<INameParts>
{
  constructor(options: NameForm.IOptions) {
    super();
    this.addClass('jp-Trail-nameForm');
    this._options = options;
    this._value = { ...options.value };
  }

  getValue(): INameParts {
    return this._value;
  }

  protected override render(): JSX.Element {
    return (
      <NameFields
        {...this._options}
        onChange={value => {
          this._value = value;
        }}
      />
    );
  }

  private readonly _options: NameForm.IOptions;
  private _value: INameParts;
}

export namespace NameForm {
  export interface IOptions {
    categories: ReadonlyArray<string>;
    trans: TranslationBundle;
    value: INameParts;

    /** A line above the fields. */
    lead?: string;
  }
}

interface INameFieldsProps extends NameForm.IOptions {
  onChange: (value: INameParts) => void;
}

function NameFields(props: INameFieldsProps): JSX.Element {
  const { categories, lead, onChange, trans } = props;
  const [value, setValue] = React.useState(props.value);
  const change = (part: Partial<INameParts>): void => {
    const next = { ...value, ...part };
    setValue(next);
    onChange(next);
  };
  const name = buildName(value);
  return (
    <>
      {lead && <p className="jp-Trail-nameForm-lead">{lead}</p>}
      <fieldset className="jp-Trail-nameForm-categories">
        <legend>{trans.__('Category')}</legend>
        {categories.map((category, index) => (
          <label key={category} data-hue={index % 6}>
            <input
              type="radio"
              name="jp-Trail-category"
              required
              value={category}
              checked={value.category === category}
              onChange={() => change({ category })}
            />
            <span>{category}</span>
          </label>
        ))}
      </fieldset>
      <label className="jp-Trail-nameForm-field">
        <span>{trans.__('What it holds')}</span>
        <input
          className="jp-mod-styled"
          type="text"
          name="description"
          value={value.description}
          placeholder={trans.__('survival by class')}
          required
          pattern=".*\p{L}.*"
          spellCheck={false}
          onFocus={event => event.currentTarget.select()}
          onChange={event => change({ description: event.target.value })}
        />
      </label>
      <output className="jp-Trail-nameForm-name" aria-live="polite">
        {name || trans.__('Say in a few words what the notebook is about.')}
      </output>
    </>
  );
}
