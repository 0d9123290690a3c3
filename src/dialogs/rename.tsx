import { Dialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { countReferences, INameParts, RenamingModel } from '../model';
import { FormBody, TrailDialog } from './dialog';
import { NameFields, NameOutput } from './name';
import { References, Warnings } from './references';

/** What a person decided about another name. */
export interface IRenameChoice {
  parts: INameParts;

  /** Whether what names the notebook elsewhere follows. */
  references: boolean;
}

/** Options of `askRename`. */
export interface IRenameOptions {
  folder: string;

  /** The name, and what it changes; disposed of with the dialog. */
  model: RenamingModel;
  trans: TranslationBundle;
}

/**
 * Ask for another category or description; `null` when cancelled.
 *
 * What the name changes elsewhere is shown before it is done.
 */
export async function askRename(
  options: IRenameOptions
): Promise<IRenameChoice | null> {
  const { trans } = options;
  const dialog = new TrailDialog<IRenameChoice>({
    title: trans.__('Category and name'),
    body: new RenameForm(options),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Rename') })
    ],
    focusNodeSelector: 'input[name="description"]'
  });
  const { button, value } = await dialog.launch();
  return button.accept ? value : null;
}

class RenameForm extends FormBody<IRenameChoice> {
  constructor(private readonly _options: IRenameOptions) {
    super();
    this.addClass('jp-Trail-form');
  }

  override dispose(): void {
    this._options.model.dispose();
    super.dispose();
  }

  getValue(): IRenameChoice {
    const { naming, references } = this._options.model;
    return { parts: naming.parts, references };
  }

  protected override render(): JSX.Element {
    const { folder, model, trans } = this._options;
    return (
      <UseSignal signal={model.changed}>
        {() => (
          <>
            <NameFields model={model.naming} trans={trans} />
            <NameOutput folder={folder} model={model.naming} trans={trans} />
            <Consequences model={model} trans={trans} />
            {this.signal}
          </>
        )}
      </UseSignal>
    );
  }
}

/** What the name changes elsewhere, or why it cannot be had. */
function Consequences(props: {
  model: RenamingModel;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { model, trans } = props;
  const { error, plan } = model;
  const [open, setOpen] = React.useState(false);
  if (error !== null) {
    return (
      <p className="jp-Trail-form-message jp-mod-bad jp-mod-error" role="alert">
        {error}
      </p>
    );
  }
  if (plan === null) {
    // The button waits for what the name would change.
    return model.isSame || model.target === null ? null : (
      <span className="jp-mod-error" hidden />
    );
  }
  return (
    <>
      {plan.references.length > 0 && (
        <div className="jp-Trail-consequences">
          <div className="jp-Trail-consequences-row">
            <label className="jp-Trail-check">
              <input
                type="checkbox"
                name="references"
                checked={model.references}
                onChange={event => {
                  model.references = event.target.checked;
                }}
              />
              <span>{trans.__('Update %1', countReferences(plan, trans))}</span>
            </label>
            <button
              className="jp-Trail-fold-toggle"
              aria-expanded={open}
              onClick={() => setOpen(!open)}
            >
              {open ? trans.__('Hide changes') : trans.__('Show changes')}
            </button>
          </div>
          {open && <References plan={plan} trans={trans} />}
        </div>
      )}
      <Warnings warnings={plan.warnings} trans={trans} />
    </>
  );
}
