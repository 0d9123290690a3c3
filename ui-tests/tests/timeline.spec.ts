import type { NotebookPanel } from '@jupyterlab/notebook';

import { expect, test } from './trail';

const NAME = 'CLEANING-good-numbers';
const PATH = `${NAME}.ipynb`;

// One story: each test goes on with the history as the one before left it.
test.describe.configure({ mode: 'serial' });
test.use({ tmpPath: 'drafts' });

test('each save and execution is told in words', async ({ page, trail }) => {
  await trail.openPath(`drafts/${PATH}`);
  await trail.save();
  // Saves that follow each other at once make one version.
  const isKept = (source: string, output: string) =>
    expect
      .poll(async () => {
        const cell = await page.evaluate(() => {
          const panel = window.jupyterapp.shell.currentWidget as NotebookPanel;
          return panel.content.widgets[0].model.id;
        });
        const response = await page.request.get(
          `/nbtrail/api/notebooks/${PATH}/cells/${cell}/versions?project=drafts`
        );
        const { versions } = await response.json();
        const kept = versions[0]?.cell;
        return [kept?.source].flat().join('') === source
          ? JSON.stringify(kept.outputs)
          : 'another source';
      })
      .toContain(output);
  for (const [index, count] of [4, 5].entries()) {
    const source = `numbers = [1, 2, ${count}]\nnumbers`;
    await page.evaluate(numbers => {
      const panel = window.jupyterapp.shell.currentWidget as NotebookPanel;
      panel.content.widgets[0].model.sharedModel.setSource(numbers);
    }, source);
    await trail.save();
    await isKept(source, index ? '[1, 2, 4]' : '[]');
    await trail.runAll();
    // The record has the executions, the notebook their outputs.
    await expect(trail.executions).toHaveCount(2 * (index + 1));
    await expect(trail.view.locator('.jp-OutputArea-output')).toHaveText([
      `[1, 2, ${count}]`,
      String(3 + count)
    ]);
    await trail.save();
    await isKept(source, `[1, 2, ${count}]`);
  }
  await trail.command('nbtrail:open-timeline');
  const told = trail.timeline.locator('.jp-Trail-entry');
  // The view follows what happens without being asked to.
  await expect(told.filter({ hasText: 'numbers 4 → 5' })).not.toHaveCount(0);
  await expect(
    trail.timeline.locator('[data-kind="execution"]')
  ).not.toHaveCount(0);
  await expect(trail.timeline.getByRole('heading', { level: 3 })).toHaveText([
    'Today'
  ]);
});

test('kinds are hidden, two versions are compared', async ({ page, trail }) => {
  await trail.command('nbtrail:open-timeline', { path: PATH });
  const executions = trail.timeline.locator('[data-kind="execution"]');
  await expect(executions).not.toHaveCount(0);
  const filter = trail.timeline.getByRole('button', { name: 'Executions' });
  await filter.click();
  await expect(filter).toHaveAttribute('aria-pressed', 'false');
  await expect(executions).toHaveCount(0);

  const boxes = trail.timeline.getByRole('checkbox');
  await boxes.first().check();
  await boxes.last().check();
  await expect(trail.timeline).toContainText('Two versions are chosen.');
  for (const theme of ['light', 'dark']) {
    if (theme === 'dark') {
      await page.theme.setDarkTheme();
    }
    await trail.screenshot(`timeline-${theme}`);
  }
  await trail.timeline
    .getByRole('button', { name: 'Compare', exact: true })
    .click();
  await expect(trail.diff.locator('[data-op="modify"]')).toHaveCount(1);
});

test('a cell is stepped through with its outputs, and put back', async ({
  page,
  trail
}) => {
  await trail.openPath(`drafts/${PATH}`);
  await page.notebook.selectCells(0);
  await trail.command('nbtrail:cell-versions');
  const cell = page.locator('.jp-Trail-cellVersions');
  await expect(cell.locator('.cm-content')).toContainText(
    'numbers = [1, 2, 5]'
  );
  await expect(cell.locator('.jp-Trail-outputs-host')).toContainText(
    '[1, 2, 5]'
  );
  const source = cell.locator('.cm-line').first();
  for (let n = 2; (await source.textContent())?.includes('5'); n++) {
    await cell.getByRole('button', { name: 'Older' }).click();
    await expect(cell.getByRole('status')).toHaveText(
      new RegExp(`^Version ${n} `)
    );
  }
  await expect(source).toHaveText('numbers = [1, 2, 4]');
  await expect(cell.locator('.jp-Trail-outputs-host')).toContainText(
    '[1, 2, 4]'
  );
  await trail.screenshot('cell-versions');
  await cell.getByRole('button', { name: 'Apply this cell' }).click();
  await page
    .locator('.jp-Dialog')
    .getByRole('button', { name: 'Apply' })
    .click();
  await expect
    .poll(() => trail.saved(`drafts/${PATH}`))
    .toContain('numbers = [1, 2, 4]\nnumbers');
  // The open notebook shows it, too.
  await expect(
    page.locator('.jp-NotebookPanel .jp-Cell').first()
  ).toContainText('numbers = [1, 2, 4]');
});
