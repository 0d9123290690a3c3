import { IComparison, IRun } from '../api';
import { isActive } from './live';
import { RemoteModel } from './remote';

/** Two or more runs side by side. */
export class ComparisonModel extends RemoteModel {
  constructor(options: ComparisonModel.IOptions) {
    super(options);
    this.runs = options.runs;
    this.events.progressed.connect((_, event) => {
      if (this.runs.includes(event.run) && !isActive(event)) {
        this.emitOutdated();
      }
    });
  }

  /** Identifiers or tags, the one that others are compared with first. */
  readonly runs: ReadonlyArray<string>;

  /** `null` until the first answer. */
  get comparison(): IComparison | null {
    return this._comparison;
  }

  /** Whether what is the same in all runs is shown as well. */
  get showsSame(): boolean {
    return this._showsSame;
  }
  set showsSame(shows: boolean) {
    this._showsSame = shows;
    this.emitChanged();
  }

  protected override async fetch(isLatest: () => boolean): Promise<void> {
    const found = await this.client.compare(this.root, this.runs);
    if (isLatest()) {
      this._comparison = found;
    }
  }

  private _comparison: IComparison | null = null;
  private _showsSame = false;
}

export namespace ComparisonModel {
  export interface IOptions extends RemoteModel.IOptions {
    runs: ReadonlyArray<string>;
  }
}

/** Whether all values are the same. */
export function areSame(values: ReadonlyArray<unknown>): boolean {
  const first = JSON.stringify(values[0] ?? null);
  return values.every(value => JSON.stringify(value ?? null) === first);
}

/** How a number moved: `+1.5 %`, or the difference where there is no share. */
export function moved(before: unknown, after: unknown): string {
  if (
    typeof before !== 'number' ||
    typeof after !== 'number' ||
    before === after
  ) {
    return '';
  }
  const difference = after - before;
  const sign = difference > 0 ? '+' : '−';
  if (before === 0) {
    return `${sign}${Math.abs(difference).toPrecision(2)}`;
  }
  const share = Math.abs((100 * difference) / before);
  return `${sign}${share < 0.01 ? '< 0.01' : Number(share.toPrecision(2))} %`;
}

/** Colours of a plot. */
export interface IPlotColors {
  line: string;
  mark: string;
  text: string;
}

/** How many metrics are plotted. */
export const MOST_PLOTS = 12;

/**
 * A Vega-Lite specification with a plot for each metric, over the runs.
 *
 * @param names What the runs are called, in their order.
 * @returns `null` where there is nothing to plot.
 */
export function plotSpec(
  metrics: { [name: string]: (number | null)[] },
  names: ReadonlyArray<string>,
  colors: IPlotColors
): { [key: string]: unknown } | null {
  const plotted = Object.entries(metrics)
    .filter(([, values]) => values.some(value => Number.isFinite(value)))
    .slice(0, MOST_PLOTS);
  if (plotted.length === 0) {
    return null;
  }
  const values = plotted.flatMap(([metric, list]) =>
    list.map((value, index) => ({
      metric,

      run: names[index],
      value
    }))
  );
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    data: { values: values.filter(({ value }) => Number.isFinite(value)) },
    facet: {
      field: 'metric',
      type: 'nominal',
      title: null,
      sort: plotted.map(([name]) => name)
    },
    columns: 3,
    resolve: { scale: { y: 'independent' } },
    spec: {
      width: 180,
      height: 110,
      mark: { type: 'line', point: true, tooltip: true },
      encoding: {
        x: {
          field: 'run',
          type: 'ordinal',
          sort: [...names],
          title: null,
          axis: { labelAngle: 0, labelLimit: 90 }
        },
        y: {
          field: 'value',
          type: 'quantitative',
          title: null,
          scale: { zero: false }
        }
      }
    },
    config: {
      background: 'transparent',
      axis: {
        domainColor: colors.line,
        gridColor: colors.line,
        labelColor: colors.text,
        tickColor: colors.line
      },
      header: { labelColor: colors.text },
      mark: { color: colors.mark },
      view: { stroke: null }
    }
  };
}

/** What tells the runs apart, short enough for a column. */
export function columnNames(runs: ReadonlyArray<IRun>): string[] {
  return runs.map((run, index) => run.tag ?? `#${index + 1}`);
}
