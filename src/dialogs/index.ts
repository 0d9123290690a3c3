import { Dialog, showErrorMessage } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { INameParts } from '../model/names';
import { NameForm } from './name';

export { askConflict } from './conflict';
export { NameForm } from './name';

/** What the user decided about a draft. */
export type DraftDecision =
  | { action: 'name'; parts: INameParts }
  | { action: 'scratch' }
  | { action: 'cancel' };

type IFormOptions = Omit<NameForm.IOptions, 'lead'>;

/**
 * Ask for a draft's name, at its first execution or on request.
 *
 * @param options.run Whether its cells run afterwards; the buttons say so.
 */
export async function askDraft(
  options: IFormOptions & { run: boolean }
): Promise<DraftDecision> {
  const { run, trans } = options;
  const accept = run ? trans.__('Name it and run') : trans.__('Name it');
  const scratch = run ? trans.__('Run as scratch') : trans.__('To scratch');
  const result = await Private.ask(
    trans.__('What is this notebook for?'),
    {
      ...options,
      lead: trans.__(
        'A name with a category lets others find it. Scratch notebooks follow no rules and take no part in the pipeline.'
      )
    },
    [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.createButton({
        label: scratch,
        accept: false,
        actions: ['scratch']
      }),
      Dialog.okButton({ label: accept })
    ]
  );
  if (result.button.actions.includes('scratch')) {
    return { action: 'scratch' };
  }
  return result.button.accept && result.value
    ? { action: 'name', parts: result.value }
    : { action: 'cancel' };
}

/** Ask for the name of a notebook that is to be made; `null` when cancelled. */
export async function askNewNotebook(
  options: IFormOptions
): Promise<INameParts | null> {
  const { trans } = options;
  const result = await Private.ask(trans.__('New notebook'), options, [
    Dialog.cancelButton({ label: trans.__('Cancel') }),
    Dialog.okButton({ label: trans.__('Create') })
  ]);
  return result.button.accept ? result.value : null;
}

/** Ask for another category or description; `null` when cancelled. */
export async function askRename(
  options: IFormOptions
): Promise<INameParts | null> {
  const { trans } = options;
  const result = await Private.ask(trans.__('Category and name'), options, [
    Dialog.cancelButton({ label: trans.__('Cancel') }),
    Dialog.okButton({ label: trans.__('Change') })
  ]);
  return result.button.accept ? result.value : null;
}

/** Do something that may fail; a failure is shown with what the server said. */
export async function attempt<T>(
  trans: TranslationBundle,
  action: () => Promise<T>
): Promise<T | null> {
  try {
    return await action();
  } catch (reason) {
    await showErrorMessage(
      trans.__('nbtrail could not do this'),
      reason instanceof Error ? reason.message : String(reason),
      [Dialog.okButton({ label: trans.__('Close') })]
    );
    return null;
  }
}

namespace Private {
  /** Show the form; Enter takes the last button. */
  export function ask(
    title: string,
    options: NameForm.IOptions,
    buttons: Dialog.IButton[]
  ): Promise<Dialog.IResult<INameParts>> {
    const dialog = new Dialog<INameParts>({
      title,
      body: new NameForm(options),
      buttons,
      defaultButton: buttons.length - 1,
      focusNodeSelector: 'input[name="description"]'
    });
    dialog.addClass('jp-Trail-dialog');
    return dialog.launch();
  }
}
