import { Dialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { INotebookStatus, PairSide } from '../api';

/** What the question is about. */
export interface IConflictOptions {
  status: INotebookStatus;
  trans: TranslationBundle;
}

/**
 * Ask which one of a pair is right that was edited on both sides.
 *
 * Nothing is chosen beforehand: Enter cancels, as Escape does.
 */
export async function askConflict(
  options: IConflictOptions
): Promise<PairSide | null> {
  const { status, trans } = options;
  const dialog = new Dialog<void>({
    title: trans.__('Notebook and twin were both edited'),
    body: <ConflictBody {...options} />,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.createButton({
        label: trans.__('Keep the twin'),
        caption: trans.__('Bring %1 into the notebook', status.twin ?? ''),
        actions: ['twin']
      }),
      Dialog.createButton({
        label: trans.__('Keep the notebook'),
        caption: trans.__('Write %1 anew', status.twin ?? ''),
        actions: ['notebook']
      })
    ],
    defaultButton: 0
  });
  dialog.addClass('jp-Trail-dialog');
  const { button } = await dialog.launch();
  const sides: PairSide[] = ['notebook', 'twin'];
  return sides.find(side => button.actions.includes(side)) ?? null;
}

function ConflictBody({ status, trans }: IConflictOptions): JSX.Element {
  return (
    <div className="jp-Trail-conflict">
      <p>
        {trans.__(
          '%1 and %2 say different things in the same place. Only you can tell which is right.',
          status.path,
          status.twin ?? ''
        )}
      </p>
      <p className="jp-Trail-conflict-message">{Private.message(status)}</p>
      <p>{trans.__('What is replaced is kept in nbtrail’s store.')}</p>
    </div>
  );
}

namespace Private {
  /** Where the two differ, in the words of the server. */
  export function message({ findings, paired_why }: INotebookStatus): string {
    return (
      findings.find(({ code }) => code === 'NBT303')?.message ?? paired_why
    );
  }
}
