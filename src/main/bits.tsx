import { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import { TrailError } from '../api';

/** What went wrong, what to do about it, and a button to try again. */
export function Problem(props: {
  error: TrailError;
  onRetry: () => void;
  trans: TranslationBundle;
}): JSX.Element {
  const { error, onRetry, trans } = props;
  return (
    <div className="jp-Trail-view-problem" role="alert">
      <p>{error.message}</p>
      <Button className="jp-Trail-button" onClick={onRetry}>
        {trans.__('Try again')}
      </Button>
    </div>
  );
}

/** What a view says when it has nothing to show. */
export function Nothing(props: {
  children: React.ReactNode;
  title: string;
}): JSX.Element {
  return (
    <div className="jp-Trail-view-empty">
      <h3>{props.title}</h3>
      <p>{props.children}</p>
    </div>
  );
}

/** A choice between a few ways, one of which is taken. */
export function Choice<T extends string>(props: {
  label: string;
  onChoose: (value: T) => void;
  options: ReadonlyArray<{ label: string; value: T }>;
  value: T;
}): JSX.Element {
  const { label, onChoose, options, value } = props;
  return (
    <span className="jp-Trail-ways" role="group" aria-label={label}>
      {options.map(option => (
        <button
          key={option.value}
          aria-pressed={option.value === value}
          onClick={() => onChoose(option.value)}
        >
          {option.label}
        </button>
      ))}
    </span>
  );
}
