import { Dialog, showErrorMessage } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

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
