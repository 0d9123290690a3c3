import { IRenderMimeRegistry, MimeModel } from '@jupyterlab/rendermime';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { IDiffCell } from '../api';
import { useHosted } from '../main/hosted';
import { cellLanguage, changesOf, sourceOf } from '../model';
import { drawSources } from './editors';
import type { IDiffContext } from './widget';

/** The source of a cell with its difference, in Lab's editor. */
export function Source(props: IDiffContext & { cell: IDiffCell }): JSX.Element {
  const { cell, languages, layout, trans } = props;
  const language = cellLanguage(cell, props.language);
  const host = React.useRef<HTMLDivElement>(null);
  React.useLayoutEffect(() => {
    if (!host.current) {
      return;
    }
    const place = (index: number | null): string => String((index ?? 0) + 1);
    const drawn = drawSources(
      host.current,
      {
        a: sourceOf(cell, 'a'),
        b: sourceOf(cell, 'b'),
        changes: changesOf(cell),
        labels: {
          a: trans.__('Source of cell %1 before', place(cell.a)),
          b: trans.__('Source of cell %1 now', place(cell.b))
        },
        layout,
        language
      },
      languages
    );
    return () => drawn.dispose();
  }, [cell, languages, layout, language, trans]);
  return (
    <div
      ref={host}
      className={`jp-Trail-sources jp-mod-${layout} jp-mod-${cell.op}`}
    />
  );
}

/** Markdown as a reader sees it, each version by itself. */
export function Rendered(
  props: IDiffContext & { cell: IDiffCell }
): JSX.Element {
  const { cell, rendermime, trans } = props;
  const a = sourceOf(cell, 'a');
  const b = sourceOf(cell, 'b');
  return (
    <div className="jp-Trail-pair">
      {a !== null && a !== b && (
        <figure>
          <figcaption>{trans.__('Before')}</figcaption>
          <Markdown rendermime={rendermime} text={a} />
        </figure>
      )}
      {b !== null && (
        <figure>
          <figcaption>
            {a === b ? trans.__('Both') : trans.__('Now')}
          </figcaption>
          <Markdown rendermime={rendermime} text={b} />
        </figure>
      )}
    </div>
  );
}

function Markdown(props: {
  rendermime: IRenderMimeRegistry;
  text: string;
}): JSX.Element {
  const { rendermime, text } = props;
  const host = useHosted(
    node => {
      const renderer = rendermime.createRenderer('text/markdown');
      Widget.attach(renderer, node);
      void renderer.renderModel(
        new MimeModel({ data: { 'text/markdown': text }, trusted: false })
      );
      return renderer;
    },
    [rendermime, text]
  );
  return <div ref={host} className="jp-Trail-rendered" />;
}
