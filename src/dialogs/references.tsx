import { Dialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRenamePlan } from '../api';
import { Lines } from '../diff/lines';
import { parseUnified } from '../diff/unified';
import { FormBody, TrailDialog } from './dialog';

/** The lines that change elsewhere, file by file. */
export function References(props: {
  plan: IRenamePlan;
  trans: TranslationBundle;
}): JSX.Element {
  const { plan, trans } = props;
  return (
    <div
      className="jp-Trail-references"
      role="region"
      aria-label={trans.__('Changes in other files')}
      tabIndex={0}
    >
      {Object.entries(plan.diff).map(([path, diff]) => (
        <section key={path}>
          <h3 title={path}>{path}</h3>
          {parseUnified(diff).map(({ lines }, hunk) => (
            <Lines key={hunk} lines={lines} />
          ))}
        </section>
      ))}
    </div>
  );
}

/** Ask whether what names a notebook by an old name follows. */
export async function askReferences(options: {
  plan: IRenamePlan;
  trans: TranslationBundle;
  was: string;
}): Promise<boolean> {
  const { trans } = options;
  const dialog = new TrailDialog<void>({
    title: trans.__('Update references'),
    body: new ReferencesForm(options),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Update') })
    ]
  });
  dialog.addClass('jp-mod-wide');
  return (await dialog.launch()).button.accept;
}

class ReferencesForm extends FormBody<void> {
  constructor(
    private readonly _options: {
      plan: IRenamePlan;
      trans: TranslationBundle;
      was: string;
    }
  ) {
    super();
    this.addClass('jp-Trail-form');
  }

  getValue(): void {
    // There is nothing to fill in.
  }

  protected override render(): JSX.Element {
    const { plan, trans, was } = this._options;
    return (
      <>
        <p className="jp-Trail-form-lead">
          {trans.__('These lines still say %1.', was)}
        </p>
        <References plan={plan} trans={trans} />
        <Warnings warnings={plan.warnings} trans={trans} />
        {this.signal}
      </>
    );
  }
}

/** What does not follow, in words. */
export function Warnings(props: {
  trans: TranslationBundle;
  warnings: ReadonlyArray<string>;
}): JSX.Element | null {
  const { trans, warnings } = props;
  if (warnings.length === 0) {
    return null;
  }
  return (
    <ul
      className="jp-Trail-form-warnings"
      aria-label={trans.__('What does not follow')}
    >
      {warnings.map(warning => (
        <li key={warning}>{warning}</li>
      ))}
    </ul>
  );
}
