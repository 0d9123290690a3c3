/** Seconds as people read them next to a step: `12 ms`, `0.4 s`, `41 s`, `2:05`. */
export function duration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) {
    return '';
  }
  if (seconds < 0.0995) {
    return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  }
  if (seconds < 9.95) {
    return `${seconds.toFixed(1)} s`;
  }
  return seconds < 60 ? `${Math.round(seconds)} s` : clock(seconds);
}

/** Seconds as a clock: `0:23`, `1:07`, `1:02:03`. */
export function clock(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) {
    return '';
  }
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = String(whole % 60).padStart(2, '0');
  return hours > 0
    ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}`
    : `${minutes}:${rest}`;
}

/** A number in few digits: `0.884`, `12.3`, `1,204`, `2e-16`. */
export function number(value: number): string {
  if (value === 0 || !Number.isFinite(value)) {
    return String(value);
  }
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e9) {
    return value.toExponential(1).replace('.0e', 'e').replace('e+', 'e');
  }
  if (Number.isInteger(value)) {
    return value.toLocaleString('en');
  }
  const digits = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
  return value.toFixed(digits);
}

/** Names and values of the first few metrics: `gbm_auc 0.884`. */
export function metrics(
  values: { [name: string]: number },
  most = 2
): string[] {
  return Object.entries(values)
    .slice(0, most)
    .map(([name, value]) => `${name} ${number(value)}`);
}

/** Words for measures, those that say most about a model first. */
const MEASURES = [
  'auc',
  'accuracy',
  'acc',
  'f1',
  'r2',
  'rmse',
  'mae',
  'mse',
  'score',
  'loss'
];

/**
 * A short metric for a narrow column: `gbm_auc` 0.8839 → `auc .884`.
 *
 * Where there are several, the best known measure stands for them.
 */
export function shortMetric(values: { [name: string]: number }): string {
  const named = Object.entries(values).map(([name, value]) => {
    const words = name.toLowerCase().split(/[^a-z0-9]+/);
    const rank = MEASURES.findIndex(measure => words.includes(measure));
    return {
      label: rank < 0 ? (words.pop() ?? name) : MEASURES[rank],
      rank: rank < 0 ? MEASURES.length : rank,
      value
    };
  });
  const [best] = named.sort((a, b) => a.rank - b.rank);
  return best
    ? `${best.label} ${number(best.value).replace(/^(-?)0\./, '$1.')}`
    : '';
}

/** The first characters of a hash. */
export function short(id: string | null, length = 4): string {
  return id ? id.slice(0, length) : '';
}

/** Bytes in units of 1000: `1.2 kB`. */
export function bytes(count: number | null): string {
  if (count === null) {
    return '';
  }
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(
    count > 0 ? Math.floor(Math.log10(count) / 3) : 0,
    units.length - 1
  );
  const value = count / 1000 ** power;
  return `${power > 0 && value < 100 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}

/**
 * Two values that a verify found different, as text.
 *
 * Numbers get as few digits as show the difference, four at least.
 */
export function comparedPair(
  expected: unknown,
  actual: unknown
): [string, string] {
  if (typeof expected === 'number' && typeof actual === 'number') {
    for (let digits = 4; digits <= 17; digits++) {
      const left = String(Number(expected.toPrecision(digits)));
      const right = String(Number(actual.toPrecision(digits)));
      if (left !== right) {
        return [left, right];
      }
    }
  }
  return [compared(expected), compared(actual)];
}

/** Anything a verify compared, as text. */
export function compared(value: unknown): string {
  if (typeof value === 'number') {
    return String(value);
  }
  if (typeof value === 'string') {
    return /^[0-9a-f]{40,64}$/.test(value) ? `${value.slice(0, 6)}…` : value;
  }
  return value === null || value === undefined ? '–' : JSON.stringify(value);
}
