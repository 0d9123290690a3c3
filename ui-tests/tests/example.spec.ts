import { expect, test } from './trail';

const PREPARE = 'CLEANING-prepare-cell-measurements';
const FOREST = 'EXPERIMENTAL-random-forest-interactions';

/** The order that follows from what the notebooks read and write. */
const ORDER: Record<string, string[]> = {
  CLEANING: [
    'prepare cell measurements',
    'derive cell features',
    'hold out test samples'
  ],
  EXPLORATION: ['how features separate classes'],
  EXPERIMENTAL: [
    'gradient boosting tree depth',
    'logistic regression baseline',
    'random forest interactions',
    'choose model and threshold'
  ],
  DEPLOY: ['score incoming samples']
};
const COUNT = Object.values(ORDER).flat().length;

/** How long a run of all notebooks may take on a slow machine. */
const RUN = 240 * 1000;

// One story: each test goes on with the project as the one before left it.
test.describe.configure({ mode: 'serial' });
test.use({ tmpPath: 'example' });

test('shows the inferred pipeline before anything ran', async ({ trail }) => {
  const lanes = trail.section('pipeline').locator('.jp-Trail-lane');
  await expect(lanes).toHaveCount(4);
  for (const [index, [category, titles]] of Object.entries(ORDER).entries()) {
    const lane = lanes.nth(index);
    await expect(lane).toHaveAttribute('data-category', category);
    await expect(lane.locator('.jp-Trail-step-title')).toHaveText(titles);
  }
  await expect(trail.steps.locator('.jp-Trail-step-number')).toHaveText(
    Array.from({ length: COUNT }, (_, index) => String(index + 1))
  );
  expect(await trail.states()).toEqual(Array(COUNT).fill('never-run'));
  await expect(trail.findings).toHaveCount(0);
  await expect(trail.runs).toHaveCount(0);
  await expect(trail.notices).toHaveCount(0);
});

test('records a notebook that is run by hand', async ({ page, trail }) => {
  await trail.openStep(PREPARE);
  await expect(trail.chip('category')).toHaveText('CLEANING');
  await expect(trail.chip('pairing')).toHaveText('.py paired');
  await expect(trail.chip('order')).toHaveText('not run');
  await expect(trail.chip('findings')).toHaveCount(0);
  await expect(trail.step(PREPARE)).toHaveClass(/jp-mod-current/);
  await expect(trail.section('history')).toContainText('No cell');

  await trail.runAll();
  // The newest comes first: the last cell, with the file that it wrote.
  await expect(trail.executions).toHaveCount(7, { timeout: 25000 });
  await expect(trail.executions.first()).toContainText('samples.to_csv');
  for (let index = 0; index < 7; index++) {
    await expect(trail.executions.nth(index)).toHaveAttribute(
      'data-status',
      'ok'
    );
    await expect(trail.executions.nth(index)).toContainText(`[${7 - index}]`);
  }
  await expect(trail.chip('order')).toHaveText('in order');
  await trail.executions.first().getByRole('button').first().click();
  await expect(trail.executions.first()).toContainText(
    /Writes.*cell-measurements_cleaned\.csv/s
  );
  // A straight pass on a fresh kernel stands for a run of the step.
  await expect(trail.runs).toHaveCount(1);
  await expect(trail.runs).toHaveAttribute('data-kind', 'interactive');
  await expect(trail.step(PREPARE)).toHaveAttribute('data-status', 'fresh');
});

test('runs the pipeline from the panel', async ({ page, trail }) => {
  test.setTimeout(RUN);
  await trail.button(`Run ${COUNT - 1} steps`).click();
  const run = trail.runs.first();
  await expect(run).toHaveAttribute('data-kind', 'pipeline');
  await expect(run).toHaveAttribute('data-status', 'running');
  await expect(trail.button('Cancel')).toBeVisible();
  await expect(
    run.getByRole('progressbar', { name: 'Steps of the run' })
  ).toHaveAttribute('aria-valuemax', String(COUNT));
  const running = trail.steps.and(page.locator('[data-status="running"]'));
  await expect(running).toHaveCount(1);
  await expect(running.getByRole('progressbar')).toBeVisible();

  await expect(run).toHaveAttribute('data-status', 'ok', { timeout: RUN });
  await expect(trail.button('Run all')).toBeEnabled();
  await expect.poll(() => trail.states()).toEqual(Array(COUNT).fill('fresh'));
  await expect(run).toContainText(`Pipeline · ${COUNT} steps`);
  await expect(trail.step(FOREST)).toContainText(/auc \.\d{3}/);
  await expect(trail.findings).toHaveCount(0);

  await run.getByRole('button').first().click();
  await expect(run.locator('.jp-Trail-runSteps > li')).toHaveCount(COUNT);
  await expect(run.locator('[data-metric="forest_cv_auc"]')).toBeVisible();
});

test('skips what is fresh', async ({ trail }) => {
  await expect(trail.runs).not.toHaveCount(0);
  const before = await trail.runs.count();
  await trail.button('Run all').click();
  await expect(trail.runs).toHaveCount(before + 1);
  const run = trail.runs.first();
  await expect(run).toHaveAttribute('data-status', 'ok', { timeout: 60000 });
  await run.getByRole('button').first().click();
  await expect(
    run.locator('.jp-Trail-runSteps > li[data-status="cached"]')
  ).toHaveCount(COUNT);
});

test('verifies the results', async ({ page, trail }) => {
  test.setTimeout(RUN);
  await trail.button('Verify').click();
  const run = trail.runs.first();
  await expect(run).toHaveAttribute('data-kind', 'verify');
  await expect(trail.button('Cancel')).toBeVisible();
  // The verify works in a copy: the project's own steps stay as they are.
  expect(await trail.states()).toEqual(Array(COUNT).fill('fresh'));

  await expect(run).toHaveAttribute('data-verdict', 'identical', {
    timeout: RUN
  });
  await expect(run).toHaveAttribute('data-status', 'ok');
  await expect(run.locator('.jp-Trail-verdict')).toContainText('Identical');
  await expect(run.locator('.jp-Trail-differences')).toHaveCount(0);
  await expect(page.getByText('the results are identical')).toBeVisible();
});

test('names the metrics that a new seed changes', async ({ page, trail }) => {
  test.setTimeout(RUN);
  await trail.openStep(FOREST);
  const seed = 'seed = 7\nn_trees = 150\nmin_samples_leaf = 3';
  await page.notebook.setCell(2, 'code', seed);
  await trail.save();
  expect(await trail.saved(`example/${FOREST}.ipynb`)).toContain(seed);
  await expect(trail.step(FOREST)).toHaveAttribute('data-status', 'stale');
  await expect(trail.chip('order')).toHaveText(/stale/);

  await trail.button('Verify').click();
  const run = trail.runs.first();
  await expect(run).toHaveAttribute('data-status', 'running');
  await expect(run).toHaveAttribute('data-verdict', 'different', {
    timeout: RUN
  });
  const auc = run.locator(
    '.jp-Trail-differences [data-kind="metric"][data-name="forest_cv_auc"]'
  );
  await expect(auc).toBeVisible();
  const [expected, actual] = await auc.locator('td').allInnerTexts();
  expect(Number(expected)).toBeGreaterThan(0.9);
  expect(Number(actual)).toBeGreaterThan(0.9);
  expect(actual).not.toBe(expected);
  const names = await run
    .locator('.jp-Trail-differences [data-kind="metric"]')
    .evaluateAll(rows => rows.map(row => row.dataset.name));
});

test('shows what changed since the last run', async ({ trail }) => {
  const step = trail.step(FOREST);
  await step.hover();
  await step.getByRole('button', { name: 'Compare with the last run' }).click();
  await expect(trail.diff.getByRole('heading', { level: 2 })).toHaveText(
    'Changes: random forest interactions'
  );
  await expect(trail.diff).toContainText('1 cell changed');
  const change = trail.diff.locator('[data-op="modify"]');
  await expect(change).toHaveCount(1);
  await expect(change.locator('.cm-merge-a .cm-changedLine')).toHaveText(
    'seed = 2026'
  );
  await expect(change.locator('.cm-merge-b .cm-changedLine')).toHaveText(
    'seed = 7'
  );
});

test('looks as it should', async ({ page, trail }) => {
  await expect(trail.runs).not.toHaveCount(0);
  await trail.runs.first().getByRole('button').first().click();
  await expect(trail.runs.first().locator('.jp-Trail-verdict')).toBeVisible();
  await trail.openStep(FOREST);
  await expect(trail.chip('order')).toBeVisible();
  await trail.command('nbtrail:open-diff', { path: `${FOREST}.ipynb` });
  await expect(trail.diff.locator('[data-op="modify"]')).toBeVisible();
  await trail.tab(FOREST).click();
  await expect(trail.marks).toHaveCount(4);
  await expect(trail.marks.nth(0)).toHaveAttribute(
    'title',
    'Edited since it ran'
  );
  await expect(trail.marks.nth(1)).toHaveAttribute(
    'title',
    /^Stale: uses \w+, which changed above$/
  );

  for (const theme of ['light', 'dark']) {
    if (theme === 'dark') {
      await page.theme.setDarkTheme();
    }
    await trail.screenshot(`notebook-${theme}`);
    await trail.screenshot(`panel-${theme}`, trail.panel);
    // Lab's sidebar is 250 pixels wide at first, which is its least width too.
    expect((await trail.panel.boundingBox())?.width).toBe(250);
    await page.sidebar.setWidth(400, 'left');
    await expect
      .poll(async () => (await trail.panel.boundingBox())?.width)
      .toBeGreaterThan(350);
    await trail.screenshot(`panel-${theme}-wide`, trail.panel);
    await page.sidebar.setWidth(250, 'left');
    const changes = page
      .locator('#jp-main-dock-panel')
      .getByRole('tab', { name: /^Changes/ });
    await changes.click();
    await expect(trail.diff).toBeVisible();
    await trail.screenshot(`diff-${theme}`);
    await trail.tab(FOREST).click();
  }
});
