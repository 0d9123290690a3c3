import { TranslationBundle } from '@jupyterlab/translation';
import { Button, HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import { DiffModel, Side, versionChoices, versionLabel } from '../model';
import { summaryLine } from './summary';

interface IHeaderProps {
  model: DiffModel;
  trans: TranslationBundle;
}

/** What is compared, to be chosen, and what came of it. */
export function Header(props: IHeaderProps & { name: string }): JSX.Element {
  const { model, name, trans } = props;
  const { diff } = model;
  return (
    <header className="jp-Trail-diff-header">
      <h2>{name}</h2>
      <p className="jp-Trail-diff-summary" role="status">
        {diff && summaryLine(diff.summary, trans)}
      </p>
      <div
        className="jp-Trail-sides"
        role="group"
        aria-label={trans.__('Versions that are compared')}
      >
        <Version {...props} side="a" label={trans.__('Before')} />
        <Button
          className="jp-Trail-button jp-Trail-swap"
          aria-label={trans.__('Swap the versions')}
          title={trans.__('Swap the versions')}
          onClick={() => void model.swap()}
        >
          ⇄
        </Button>
        <Version {...props} side="b" label={trans.__('After')} />
      </div>
    </header>
  );
}

/** The versions to choose from, on one side. */
function Version(
  props: IHeaderProps & { label: string; side: Side }
): JSX.Element {
  const { label, model, side, trans } = props;
  const value = model[side];
  const groups = versionChoices(
    model.path,
    model.entries,
    new Date(),
    trans,
    model.isOpen
  );
  const isListed = groups.some(({ choices }) =>
    choices.some(({ version }) => version === value)
  );
  return (
    <label className={`jp-Trail-side jp-mod-${side}`}>
      <span>{label}</span>
      <HTMLSelect
        value={value}
        aria-label={label}
        onChange={event => void model.choose(side, event.target.value)}
      >
        {!isListed && (
          <option value={value}>{versionLabel(value, trans)}</option>
        )}
        {groups.map(group => (
          <optgroup key={group.label} label={group.label}>
            {group.choices.map(({ label: text, version }) => (
              <option key={version} value={version}>
                {text}
              </option>
            ))}
          </optgroup>
        ))}
      </HTMLSelect>
    </label>
  );
}
