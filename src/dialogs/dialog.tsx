import { Dialog } from '@jupyterlab/apputils';
import { ReactWidget } from '@jupyterlab/ui-components';
import { ISignal, Signal } from '@lumino/signaling';
import * as React from 'react';

/**
 * Lab's dialog for bodies with fields and buttons of their own.
 *
 * Lab's takes Enter and the arrows on any button for those of the footer, and
 * looks for the first field before React has drawn it.
 */
export class TrailDialog<T> extends Dialog<T> {
  constructor(options: TrailDialog.IOptions<T>) {
    const { body, buttons, isCareful = false } = options;
    super({
      defaultButton: isCareful ? 0 : buttons.length - 1,
      ...options
    });
    this._isCareful = isCareful;
    this.addClass('jp-Trail-dialog');
    body.rendered.connect(() => this._checkValidation());
  }

  protected override _evtKeydown(event: KeyboardEvent): void {
    const { activeElement } = document;
    const isButton = activeElement instanceof HTMLButtonElement;
    const inBody =
      isButton && activeElement.closest('.jp-Dialog-body') !== null;
    if (inBody && ['Enter', 'ArrowLeft', 'ArrowRight'].includes(event.key)) {
      return;
    }
    if (this._isCareful && event.key === 'Enter' && !isButton) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const footer = this.node.querySelectorAll('.jp-Dialog-footer button');
    const last = footer[footer.length - 1];
    const first = this.node.querySelector<HTMLElement>(TrailDialog.FIELDS);
    if (
      first &&
      event.key === 'Tab' &&
      !event.shiftKey &&
      activeElement === last
    ) {
      event.preventDefault();
      event.stopPropagation();
      first.focus();
      return;
    }
    super._evtKeydown(event);
  }

  private readonly _isCareful: boolean;
}

export namespace TrailDialog {
  /** What the Tab key goes to in a body. */
  export const FIELDS =
    '.jp-Dialog-body :is(input, select, button):not(:disabled)';

  export interface IOptions<T> extends Partial<Dialog.IOptions<T>> {
    body: FormBody<T>;
    buttons: Dialog.IButton[];

    /** Whether only a button accepts, and Enter in a field does nothing. */
    isCareful?: boolean;
    title: string;
  }
}

/** The body of a dialog; its buttons follow whether the fields are in order. */
export abstract class FormBody<T>
  extends ReactWidget
  implements Dialog.IBodyWidget<T>
{
  /** Emits when the fields were drawn anew. */
  get rendered(): ISignal<this, void> {
    return this._rendered;
  }

  /** What the dialog is answered with when it is accepted. */
  abstract getValue(): T;

  /** What stands behind fields that are drawn anew by themselves. */
  protected get signal(): JSX.Element {
    return <AfterRender callback={this._onRender} />;
  }

  private readonly _onRender = (): void => this._rendered.emit();
  private readonly _rendered = new Signal<this, void>(this);
}

function AfterRender(props: { callback: () => void }): null {
  React.useEffect(props.callback);
  return null;
}
