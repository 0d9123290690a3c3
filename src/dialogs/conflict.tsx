import { Dialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IConflict, IConflictCell, PairSide, TrailClient } from '../api';
import { ISegment } from '../diff/folds';
import { ConflictModel, pairLines } from '../model';
import { FormBody, TrailDialog } from './dialog';

/** What the question is about. */
export interface IConflictOptions {
  conflict: IConflict;
  trans: TranslationBundle;
}

/**
 * Ask which side is right of a pair that was edited on both.
 *
 * Nothing is chosen beforehand, and nothing can be applied until there is a
 * choice for every cell.
 */
export async function askConflict(
  options: IConflictOptions
): Promise<TrailClient.PairChoice | null> {
  const { conflict, trans } = options;
  const dialog = new TrailDialog<TrailClient.PairChoice | null>({
    title: trans.__('Notebook and twin were both edited'),
    body: new ConflictForm(options),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({
        label:
          conflict.cells.length > 0
            ? trans.__('Apply')
            : trans.__('Keep the notebook')
      })
    ],
    isCareful: true
  });
  dialog.addClass('jp-mod-wide');
  const { button, value } = await dialog.launch();
  return button.accept ? value : null;
}

class ConflictForm extends FormBody<TrailClient.PairChoice | null> {
  constructor(options: IConflictOptions) {
    super();
    this.addClass('jp-Trail-form');
    this.addClass('jp-Trail-conflict');
    this._options = options;
    this._model = new ConflictModel(options.conflict);
  }

  getValue(): TrailClient.PairChoice | null {
    return this._model.choice;
  }

  protected override render(): JSX.Element {
    const { conflict, trans } = this._options;
    const { cells, message, path, twin } = conflict;
    const model = this._model;
    return (
      <UseSignal signal={model.changed}>
        {() => (
          <>
            <p className="jp-Trail-form-lead">
              {cells.length > 0
                ? trans.__(
                    'What only one of them changed is merged. Choose for the rest; what gives way is kept in nbtrail’s store.'
                  )
                : trans.__(
                    '%1 cannot be read as cells. Mend it, or keep the notebook and write it anew; what gives way is kept in nbtrail’s store.',
                    twin ?? ''
                  )}
            </p>
            {cells.length === 0 && (
              <p className="jp-Trail-form-message jp-mod-bad">{message}</p>
            )}
            {cells.length > 1 && (
              <div className="jp-Trail-conflict-all">
                <span role="status">
                  {model.open > 0
                    ? trans._n(
                        '%1 cell to choose',
                        '%1 cells to choose',
                        model.open
                      )
                    : trans.__('Every cell has its choice')}
                </span>
                <span aria-hidden="true">{trans.__('For all cells')}</span>
                <Sides
                  label={trans.__('For all cells')}
                  name="all"
                  side={model.common}
                  trans={trans}
                  onChoose={side => model.chooseAll(side)}
                />
              </div>
            )}
            {cells.length > 0 && (
              <div className="jp-Trail-conflict-files" aria-hidden="true">
                <span title={path}>{path.replace(/^.*\//, '')}</span>
                <span title={twin ?? ''}>{twin?.replace(/^.*\//, '')}</span>
              </div>
            )}
            {cells.map((cell, index) => (
              <Cell
                key={cell.key}
                cell={cell}
                number={index + 1}
                side={model.side(cell.key)}
                trans={trans}
                onChoose={side => model.choose(cell.key, side)}
              />
            ))}
            {model.choice === null && <span className="jp-mod-error" hidden />}
            {this.signal}
          </>
        )}
      </UseSignal>
    );
  }

  private readonly _model: ConflictModel;
  private readonly _options: IConflictOptions;
}

/** The choice between both sides. */
function Sides(props: {
  label: string;
  name: string;
  onChoose: (side: PairSide) => void;
  side: PairSide | null;
  trans: TranslationBundle;
}): JSX.Element {
  const { label, name, onChoose, side, trans } = props;
  const sides: [PairSide, string][] = [
    ['notebook', trans.__('Notebook')],
    ['twin', trans.__('Twin')],
    ['both', trans.__('Both')]
  ];
  return (
    <fieldset className="jp-Trail-choice">
      <legend>{label}</legend>
      {sides.map(([value, text]) => (
        <label key={value}>
          <input
            type="radio"
            name={`jp-Trail-side-${name}`}
            value={value}
            checked={side === value}
            onChange={() => onChoose(value)}
          />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Cell(props: {
  cell: IConflictCell;
  number: number;
  onChoose: (side: PairSide) => void;
  side: PairSide | null;
  trans: TranslationBundle;
}): JSX.Element {
  const { cell, number, onChoose, side, trans } = props;
  const { base, key, message, notebook, twin } = cell;
  const [open, setOpen] = React.useState(false);
  const same = notebook === twin;
  return (
    <section
      className={`jp-Trail-conflict-cell jp-mod-${side ?? 'open'}`}
      data-key={key}
    >
      <header>
        <p>{message}</p>
        <Sides
          label={trans.__('What to keep of cell %1', String(number))}
          name={key}
          side={side}
          trans={trans}
          onChoose={onChoose}
        />
      </header>
      {!same && (
        <div className="jp-Trail-conflict-texts">
          {notebook !== null && twin !== null ? (
            pairLines(notebook, twin).map(({ left, right, same }, index) => (
              <React.Fragment key={index}>
                <Line segments={left} side="notebook" same={same} />
                <Line segments={right} side="twin" same={same} />
              </React.Fragment>
            ))
          ) : (
            <>
              <Whole text={notebook} side="notebook" trans={trans} />
              <Whole text={twin} side="twin" trans={trans} />
            </>
          )}
        </div>
      )}
      {base !== null && (
        <>
          <button
            className="jp-Trail-fold-toggle"
            aria-expanded={open}
            onClick={() => setOpen(!open)}
          >
            {trans.__('Before both edits')}
          </button>
          {open && <pre className="jp-Trail-conflict-base">{base}</pre>}
        </>
      )}
    </section>
  );
}

function Line(props: {
  same: boolean;
  segments: ISegment[] | null;
  side: PairSide;
}): JSX.Element {
  const { same, segments, side } = props;
  const state = segments === null ? 'none' : same ? 'same' : 'changed';
  return (
    <code className={`jp-Trail-conflict-line jp-mod-${side} jp-mod-${state}`}>
      {segments?.map(({ marked, text }, place) =>
        marked ? <mark key={place}>{text}</mark> : text
      )}
    </code>
  );
}

function Whole(props: {
  side: PairSide;
  text: string | null;
  trans: TranslationBundle;
}): JSX.Element {
  const { side, text, trans } = props;
  return text === null ? (
    <span className={`jp-Trail-conflict-gone jp-mod-${side}`}>
      {trans.__('deleted here')}
    </span>
  ) : (
    <code className={`jp-Trail-conflict-line jp-mod-${side} jp-mod-changed`}>
      {text}
    </code>
  );
}
