import { Dialog } from '@jupyterlab/apputils';

import { INameParts, NamingModel } from '../model';
import { TrailDialog } from './dialog';
import { INameChoice, NameForm } from './name';

export { askAdoption } from './adopt';
export { askConflict } from './conflict';
export { INameChoice, NameForm } from './name';
export { askReferences } from './references';
export { askRename } from './rename';

/** What the user decided about a draft. */
export type DraftDecision =
  | { action: 'name'; parts: INameParts }
  | { action: 'scratch' }
  | { action: 'cancel' };

/** What every form for a name starts with. */
export interface INameOptions
  extends NamingModel.IOptions, Pick<NameForm.IOptions, 'origins' | 'trans'> {}

/**
 * Ask for a draft's name, at its first execution or on request.
 *
 * @param options.run Whether its cells run afterwards; the buttons say so.
 */
export async function askDraft(
  options: INameOptions & { run: boolean }
): Promise<DraftDecision> {
  const { run, trans } = options;
  const accept = run ? trans.__('Name it and run') : trans.__('Name it');
  const scratch = run ? trans.__('Run as scratch') : trans.__('To scratch');
  const lead = trans.__(
    'A name with a category lets others find it. Scratch notebooks follow no rules and take no part in the pipeline.'
  );
  const result = await Private.ask(
    trans.__('What is this notebook for?'),
    { ...options, lead },
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
    ? { action: 'name', parts: result.value.parts }
    : { action: 'cancel' };
}

/** Ask for the name of a notebook that is to be made; `null` when cancelled. */
export async function askNewNotebook(
  options: INameOptions
): Promise<INameChoice | null> {
  const { trans } = options;
  const result = await Private.ask(trans.__('New notebook'), options, [
    Dialog.cancelButton({ label: trans.__('Cancel') }),
    Dialog.okButton({ label: trans.__('Create') })
  ]);
  return result.button.accept ? result.value : null;
}

/** Ask for another name in the place of one that breaks a rule. */
export async function askBetterName(
  options: INameOptions & { accept: string; message: string; title: string }
): Promise<INameParts | null> {
  const { accept, title, trans } = options;
  const result = await Private.ask(title, options, [
    Dialog.cancelButton({ label: trans.__('Cancel') }),
    Dialog.okButton({ label: accept })
  ]);
  return result.button.accept ? (result.value?.parts ?? null) : null;
}

namespace Private {
  /** Show the form; Enter takes the last button. */
  export function ask(
    title: string,
    options: INameOptions & Pick<NameForm.IOptions, 'lead' | 'message'>,
    buttons: Dialog.IButton[]
  ): Promise<Dialog.IResult<INameChoice>> {
    const model = new NamingModel(options);
    const body = new NameForm({ ...options, model });
    const dialog = new TrailDialog<INameChoice>({
      title,
      body,
      buttons,
      focusNodeSelector:
        model.problem === 'category'
          ? 'input[name="jp-Trail-category"]'
          : 'input[name="description"]'
    });
    return dialog.launch();
  }
}
