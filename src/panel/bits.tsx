import { TranslationBundle } from '@jupyterlab/translation';
import { Button, LabIcon } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import { ReadonlyJSONObject } from '@lumino/coreutils';
import * as React from 'react';

/** A small sign for a state, with the state as its name for screen readers. */
export function Mark(props: { state: string; label: string }): JSX.Element {
  return (
    <span
      className={`jp-Trail-mark jp-mod-${props.state}`}
      role="img"
      aria-label={props.label}
      title={props.label}
    />
  );
}

/** A button that carries out a command, with its label, caption and icon. */
export function CommandButton(props: {
  args?: ReadonlyJSONObject;
  className?: string;
  commands: CommandRegistry;
  iconOnly?: boolean;
  id: string;
}): JSX.Element {
  const { args = {}, className = '', commands, iconOnly = false, id } = props;
  const label = commands.label(id, args);
  const icon = commands.icon(id, args) as LabIcon | undefined;
  return (
    <Button
      className={`jp-Trail-button ${iconOnly ? 'jp-mod-icon' : ''} ${className}`}
      data-command={id}
      disabled={!commands.isEnabled(id, args)}
      title={commands.caption(id, args)}
      aria-label={label}
      onClick={event => {
        event.stopPropagation();
        void commands.execute(id, args);
      }}
    >
      {icon && <icon.react tag="span" className="jp-Trail-button-icon" />}
      {!iconOnly && <span>{label}</span>}
    </Button>
  );
}

/** What a section says when it has nothing to show. */
export function Empty(props: {
  children: React.ReactNode;
  action?: JSX.Element | null;
}): JSX.Element {
  return (
    <div className="jp-Trail-empty">
      <p>{props.children}</p>
      {props.action}
    </div>
  );
}

/** A bar for work of which a part is done. */
export function Progress(props: {
  done: number;
  total: number;
  label: string;
}): JSX.Element {
  const { done, label, total } = props;
  const share = total > 0 ? Math.min(1, done / total) : 0;
  return (
    <div
      className="jp-Trail-progress"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={total}
      aria-valuenow={done}
    >
      <span style={{ width: `${Math.round(share * 100)}%` }} />
    </div>
  );
}

/** The name of a mark's state for people. */
export function stateLabel(state: string, trans: TranslationBundle): string {
  switch (state) {
    case 'fresh':
    case 'ran':
    case 'ok':
      return trans.__('up to date');
    case 'cached':
      return trans.__('unchanged, not run again');
    case 'stale':
      return trans.__('stale');
    case 'running':
      return trans.__('running');
    case 'failed':
    case 'error':
      return trans.__('failed');
    case 'aborted':
    case 'cancelled':
      return trans.__('cancelled');
    case 'skipped':
      return trans.__('skipped');
    case 'waiting':
      return trans.__('waiting');
    case 'lost':
      return trans.__('lost');
    case 'died':
      return trans.__('the kernel died');
    default:
      return trans.__('never run');
  }
}
