import { MimeModel } from '@jupyterlab/rendermime';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { useHosted } from '../main/hosted';
import { IPlotColors, plotSpec } from '../model';
import type { IComparisonProps } from './widget';

const MIME = 'application/vnd.vegalite.v5+json';

/** The metrics over the runs, drawn by Lab's own renderer. */
export function Plots(props: IComparisonProps): JSX.Element | null {
  const { comparison, context, names } = props;
  const { rendermime, trans } = context;
  const { metrics } = comparison;
  const theme = useTheme();
  const spec = React.useMemo(
    () => plotSpec(metrics, names, themeColors()),
    [metrics, theme]
  );
  const isPlotted = spec !== null && rendermime.mimeTypes.includes(MIME);
  const host = useHosted(
    node => {
      if (!isPlotted) {
        return null;
      }
      const renderer = rendermime.createRenderer(MIME);
      Widget.attach(renderer, node);
      renderer
        .renderModel(new MimeModel({ data: { [MIME]: spec as never } }))
        .catch(reason => {
          console.warn('nbtrail: the metrics could not be plotted.', reason);
        });
      return renderer;
    },
    [isPlotted, rendermime, spec]
  );
  return isPlotted ? (
    <div
      ref={host}
      className="jp-Trail-plots"
      role="figure"
      aria-label={trans.__(
        'Metrics over the runs; the table above has the values'
      )}
    />
  ) : null;
}

/** The name of Lab's theme, which others follow. */
function useTheme(): string {
  const name = (): string => document.body.dataset.jpThemeName ?? '';
  const [theme, setTheme] = React.useState(name);
  React.useEffect(() => {
    const observer = new MutationObserver(() => setTheme(name()));
    observer.observe(document.body, {
      attributeFilter: ['data-jp-theme-name']
    });
    return () => observer.disconnect();
  }, []);
  return theme;
}

/** Colours of the theme: a canvas knows no variables. */
function themeColors(): IPlotColors {
  const style = getComputedStyle(document.body);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  return {
    line: color('--jp-border-color1'),
    mark: color('--jp-brand-color1'),
    text: color('--jp-ui-font-color1')
  };
}
