import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';

import { IRestored } from '../api';
import { attempt } from '../attempt';
import { IViewContext } from '../main/tokens';
import { RemoteModel, versionLabel } from '../model';

/** What is to be put back. */
export interface IRestoreRequest {
  /** Identifier of the cell, `null` for the whole notebook. */
  cell: string | null;
  path: string;

  /** Such as `snap:ID`. */
  version: string;
}

/** Put a notebook or a cell back once a person agrees, and offer to undo it. */
export async function restore(
  context: IViewContext,
  model: RemoteModel,
  request: IRestoreRequest
): Promise<void> {
  const { files, trans } = context;
  const { cell, path, version } = request;
  const name = versionLabel(`${path}@${version}`, trans);
  const { button } = await showDialog({
    title:
      cell === null
        ? trans.__('Restore the notebook?')
        : trans.__('Apply this cell?'),
    body:
      cell === null
        ? trans.__(
            '%1 becomes what it was: %2. What it holds now is kept first, and you can undo this.',
            path,
            name
          )
        : trans.__(
            'The cell becomes what it was: %1. What %2 holds now is kept first, and you can undo this.',
            name,
            path
          ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({
        label: cell === null ? trans.__('Restore') : trans.__('Apply')
      })
    ]
  });
  if (!button.accept) {
    return;
  }
  const put = (what: string, which: string | null): Promise<IRestored> =>
    files
      .restore(model.root, path, { cell: which, version: what })
      .finally(() => model.refresh());
  const done = await attempt(trans, () => put(version, cell));
  if (done) {
    tell(context, done, () => put(done.kept ?? '', null));
  }
}

/** Say what was put back, and how that can be undone. */
function tell(
  { trans }: IViewContext,
  done: IRestored,
  undo: () => Promise<unknown>
): void {
  const { cell, changed, kept, message, path } = done;
  if (!changed) {
    Notification.info(trans.__('%1 is like that already.', path), {
      autoClose: 5000
    });
    return;
  }
  const words =
    cell === null
      ? trans.__('%1 is restored.', path)
      : trans.__('The cell is as it was.');
  const actions =
    kept === null
      ? []
      : [
          {
            label: trans.__('Undo'),
            callback: () => void attempt(trans, undo)
          }
        ];
  if (message) {
    Notification.warning(`${words} ${message}`, { actions, autoClose: false });
  } else {
    Notification.success(words, { actions, autoClose: 15000 });
  }
}

/** The version part of `PATH@VERSION`. */
export function versionOf(text: string): string {
  return text.slice(text.lastIndexOf('@') + 1);
}
