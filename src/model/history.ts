import { TranslationBundle } from '@jupyterlab/translation';

import { IRun, IRunDetail } from '../api';
import { clock, metrics, number, short } from './format';
import { isActive } from './live';

/** Things of one day. */
export interface IDay<T> {
  label: string;
  items: T[];
}

/** Group things by the local day on which they started, in their order. */
export function byDay<T extends { started_at: string }>(
  items: ReadonlyArray<T>,
  now: Date,
  trans: TranslationBundle
): IDay<T>[] {
  const days: IDay<T>[] = [];
  for (const item of items) {
    const label = dayLabel(new Date(item.started_at), now, trans);
    const last = days[days.length - 1];
    if (last && last.label === label) {
      last.items.push(item);
    } else {
      days.push({ label, items: [item] });
    }
  }
  return days;
}

/** `Today`, `Yesterday`, or the date. */
export function dayLabel(
  day: Date,
  now: Date,
  trans: TranslationBundle
): string {
  const start = (date: Date): number =>
    new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const ago = Math.round((start(now) - start(day)) / (24 * 3600 * 1000));
  if (ago === 0) {
    return trans.__('Today');
  }
  if (ago === 1) {
    return trans.__('Yesterday');
  }
  return day.toLocaleDateString(undefined, {
    day: 'numeric',
    month: 'long',
    ...(day.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' })
  });
}

/** What a run is and how it went, in one line: `Verify · identical`. */
export function runTitle(run: IRun, trans: TranslationBundle): string {
  if (run.tag) {
    return trans.__('“%1”', run.tag);
  }
  const outcome = runOutcome(run, trans);
  switch (run.kind) {
    case 'pipeline':
      return trans.__('Pipeline · %1', outcome);
    case 'verify':
      return trans.__('Verify · %1', outcome);
    default:
      return trans.__('Interactive · %1', outcome);
  }
}

/** How a run stands. */
export function runOutcome(run: IRun, trans: TranslationBundle): string {
  switch (run.status) {
    case 'queued':
      return trans.__('waiting');
    case 'running':
      return trans.__(
        '%1 of %2',
        String(run.steps_done),
        String(run.steps_total)
      );
    case 'cancelled':
      return trans.__('cancelled');
    case 'lost':
      return trans.__('lost');
    case 'failed':
    case 'ok':
      break;
  }
  switch (run.verdict) {
    case 'identical':
      return trans.__('identical');
    case 'different':
      return trans.__('different');
    case 'failed':
      return trans.__('failed');
  }
  if (run.status === 'failed') {
    return trans.__('failed');
  }
  return run.kind === 'interactive'
    ? trans.__('linear')
    : trans._n('%1 step', '%1 steps', run.steps_total);
}

/** Title of a run whose steps are known: it says where it failed. */
export function detailTitle(run: IRunDetail, trans: TranslationBundle): string {
  const failed = run.steps.find(step => step.status === 'failed');
  if (run.status !== 'failed' || !failed) {
    return runTitle(run, trans);
  }
  return failed.error?.cell === null || failed.error?.cell === undefined
    ? trans.__('Failed in step %1', String(failed.n))
    : trans.__(
        'Failed in step %1, cell %2',
        String(failed.n),
        String(failed.error.cell)
      );
}

/** The dot that stands for a run. */
export function runMark(run: IRun): string {
  if (isActive(run)) {
    return 'running';
  }
  if (run.verdict === 'different') {
    return 'stale';
  }
  if (run.status === 'ok') {
    return 'fresh';
  }
  return run.status === 'failed' ? 'failed' : 'never-run';
}

/** The second line of a run: message, metrics, git state, environment. */
export function runFacts(run: IRun, trans: TranslationBundle): string[] {
  const facts: string[] = [];
  if (run.message) {
    facts.push(run.message);
  } else {
    facts.push(...metrics(run.metrics));
  }
  if (run.git) {
    const where = [run.git.branch, short(run.git.commit, 6)]
      .filter(Boolean)
      .join(' ');
    facts.push(
      run.git.dirty > 0
        ? trans.__('%1 + %2 changed', where, String(run.git.dirty))
        : where
    );
  }
  if (run.environment) {
    facts.push(trans.__('env %1', short(run.environment)));
  }
  return facts;
}

/** How long a run took, or has taken so far. */
export function runClock(run: IRun, now: Date): string {
  if (run.seconds !== null || !isActive(run)) {
    return clock(run.seconds);
  }
  return clock((now.getTime() - Date.parse(run.started_at)) / 1000);
}

/** What a finished verify says in one sentence. */
export function verdictLine(
  run: IRunDetail,
  trans: TranslationBundle
): string | null {
  switch (run.verdict) {
    case 'identical':
      return run.largest_difference
        ? trans.__(
            'Identical; the largest difference is %1.',
            number(run.largest_difference)
          )
        : trans.__('Identical, to the last digit.');
    case 'different':
      return trans._n(
        '%1 difference',
        '%1 differences',
        run.differences.length
      );
    case 'failed':
      return trans.__('Could not be verified.');
    default:
      return null;
  }
}
