import { expect, test } from './trail';

const CLEANING = '1-CLEANING-scores';
const EXPERIMENT = '2-EXPERIMENTAL-mean-score';
const RUN = 120 * 1000;

test.describe.configure({ mode: 'serial' });
test.use({ tmpPath: 'runs' });

test('what explains a metric stands on top', async ({ page, trail }) => {
  test.setTimeout(2 * RUN);
  for (const count of [1, 2]) {
    await trail.button('Run all').or(trail.button('Run 2 stale')).click();
    await expect(trail.runs).toHaveCount(count, { timeout: RUN });
    await expect(trail.runs.first()).toHaveAttribute('data-status', 'ok', {
      timeout: RUN
    });
    if (count === 1) {
      await trail.openPath(`runs/${CLEANING}.ipynb`);
      await page.notebook.setCell(0, 'code', 'rows = 60');
      await trail.save();
      await expect(trail.step(CLEANING)).toHaveAttribute(
        'data-status',
        'stale'
      );
    }
  }
  await trail
    .section('runs')
    .getByRole('button', { name: 'Compare', exact: true })
    .or(
      trail.panel
        .getByRole('toolbar', { name: 'Runs' })
        .getByRole('button', { name: 'Compare', exact: true })
    )
    .first()
    .click();

  const explained = trail.comparison.locator('.jp-Trail-explain');
  await expect(explained).toHaveCount(1);
  await expect(explained).toContainText('mean_score 0.195 → 0.295');
  await expect(explained).toContainText('rows 40 → 60');
  const part = (name: string): ReturnType<typeof page.locator> =>
    trail.comparison.locator(`[data-part="${name}"]`);
  await expect(part('metrics').locator('td')).toContainText(['0.195', '0.295']);
  await expect(part('inputs')).toContainText('rows 40 → 60');
  await expect(part('environment')).toContainText(
    'The environments are the same.'
  );
  // Lab's own renderer has drawn the plot.
  await expect(
    trail.comparison.locator('.jp-Trail-plots canvas')
  ).toBeVisible();
});

test('looks as it should, leads to the code', async ({ page, trail }) => {
  await expect(trail.runs).toHaveCount(2);
  await trail.runs.nth(1).getByRole('checkbox').check();
  await trail.runs.nth(0).getByRole('checkbox').check();
  await trail.command('nbtrail:compare-runs');
  await expect(trail.comparison.locator('.jp-Trail-explain')).toBeVisible();
  for (const theme of ['light', 'dark']) {
    if (theme === 'dark') {
      await page.theme.setDarkTheme();
    }
    await expect(
      trail.comparison.locator('.jp-Trail-plots canvas')
    ).toBeVisible();
    await trail.screenshot(`compare-${theme}`);
  }
  const code = trail.comparison.locator('[data-part="code"]');
  await expect(code.locator('tbody tr')).toHaveCount(1);
  await code.getByRole('button', { name: 'Changes' }).click();
  await expect(trail.diff.locator('[data-op="modify"]')).toHaveCount(1);
});
