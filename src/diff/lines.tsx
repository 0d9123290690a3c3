import * as React from 'react';

import { IDiffLine } from '../api';
import { emphasise } from './folds';

const SIGNS = { equal: ' ', delete: '−', insert: '+' };

/** Lines of text with what was removed and added, what differs marked. */
export function Lines(props: {
  lines: ReadonlyArray<IDiffLine>;
  type?: string;
}): JSX.Element {
  const { lines, type } = props;
  const marked = React.useMemo(() => emphasise(lines), [lines]);
  return (
    <pre className="jp-Trail-lines" data-cell-type={type}>
      {marked.map((line, index) => (
        <div key={index} className={`jp-Trail-line jp-mod-${line.op}`}>
          <span className="jp-Trail-line-sign">{SIGNS[line.op]}</span>
          <code>
            {line.segments.map((segment, place) =>
              segment.marked ? (
                <mark key={place}>{segment.text}</mark>
              ) : (
                segment.text
              )
            )}
          </code>
        </div>
      ))}
    </pre>
  );
}
