import { expect, test, Trail } from './trail';

const GOOD = 'CLEANING-good-numbers';

/** Open the notebook that is fine, run it, change it, save it. */
async function works(trail: Trail, project: string): Promise<void> {
  await trail.openPath(`${project}/${GOOD}.ipynb`);
  await trail.runAll();
  const outputs = trail.view.locator('.jp-OutputArea-output');
  await expect(outputs).toHaveText('6');
  await trail.page.notebook.setCell(1, 'code', 'sum(numbers) + 1');
  await trail.command('notebook:run-cell');
  await expect(outputs).toHaveText('7');
  await trail.save();
  expect(await trail.saved(`${project}/${GOOD}.ipynb`)).toEqual([
    'numbers = [1, 2, 3]',
    'sum(numbers) + 1'
  ]);
}

test.describe('files that are no notebooks', () => {
  test.use({ tmpPath: 'broken' });

  test('are told apart in the checks', async ({ page, trail }) => {
    for (const [code, name, message] of [
      ['NBT901', 'CLEANING-merge-markers', 'in the middle of a merge'],
      ['NBT902', 'CLEANING-empty-file', 'empty'],
      ['NBT903', 'CLEANING-old-format', 'format 3']
    ]) {
      const finding = trail.findings.and(page.locator(`[data-code="${code}"]`));
      await expect(finding).toHaveCount(1);
      await expect(finding).toContainText(name);
      await expect(finding).toContainText(message);
    }

    // Lab says that it cannot open one, and goes on.
    await trail.findings
      .and(page.locator('[data-code="NBT901"]'))
      .locator('.jp-Trail-finding-message')
      .click();
    const dialog = page.locator('.jp-Dialog');
    await expect(dialog).toContainText('File Load Error');
    await dialog.getByRole('button', { name: 'Close' }).click();
    await expect(dialog).toContainText('Save your work');
    await dialog.getByRole('button', { name: 'Discard' }).click();
    await expect(dialog).toHaveCount(0);
    expect(await trail.exists('broken/CLEANING-merge-markers.ipynb')).toBe(
      true
    );
    await works(trail, 'broken');
    await expect(trail.executions).toHaveCount(3);
    await expect(trail.notices).toHaveCount(0);
  });

  test('and a missing kernel fail a run with their names', async ({
    page,
    trail
  }) => {
    await expect(trail.steps).not.toHaveCount(0);
    await trail.button('Run all').click();
    const run = trail.runs.first();
    await expect(run).toHaveAttribute('data-status', 'failed', {
      timeout: 60000
    });
    await run.getByRole('button').first().click();
    const step = run.locator(
      '.jp-Trail-runSteps > li[data-trail-path="EXPERIMENTAL-no-such-kernel.ipynb"]'
    );
    await expect(step).toHaveAttribute('data-status', 'failed');
    await expect(step.locator('.jp-Trail-error')).toContainText('gone');
    // What could run has run.
    await expect(trail.step(GOOD)).toHaveAttribute('data-status', 'fresh');
    await expect(trail.button('Run 1 step')).toBeEnabled();
  });
});

test.describe('a kernel that dies in mid-cell', () => {
  test.use({ tmpPath: 'dying' });

  test('is on record, and Lab goes on', async ({ page, trail }) => {
    await trail.openStep('EXPLORATION-ends-its-kernel');
    await trail.runAll();
    // What a kernel has no time to say nobody hears: it dies when the cell is on record.
    await expect(trail.executions.first()).toContainText('import os');
    await page.contents.uploadContent('', 'text', 'dying/end');
    const died = page.locator('.jp-Dialog');
    await expect(died).toContainText('restart', { timeout: 30000 });
    await died.getByRole('button').last().click();
    await expect(died).toHaveCount(0);
    await expect(trail.executions.first()).toHaveAttribute(
      'data-status',
      'died'
    );
    await expect(trail.executions.first()).toContainText('import os');
    await expect(trail.executions.nth(1)).toHaveAttribute('data-status', 'ok');

    // The kernel that Lab started instead is recorded like the first one.
    await trail.opened('EXPLORATION-ends-its-kernel');
    await page.notebook.selectCells(0);
    await trail.command('notebook:run-cell');
    await expect(trail.executions.first()).toContainText('before = 1');
    await expect(trail.executions.first()).toHaveAttribute('data-status', 'ok');
  });
});

test.describe('a record that is no database', () => {
  test.use({ tmpPath: 'corrupt' });

  test('is told of once, and notebooks work', async ({ page, trail }) => {
    await expect(trail.notices).toHaveCount(1);
    await expect(trail.notices).toHaveAttribute('role', 'alert');
    await expect(trail.notices).toContainText('corrupt/.nbtrail is damaged');
    await expect(trail.notices).toContainText('nbtrail doctor --repair');
    // The pipeline does not need the record, and nothing is told of twice.
    await expect(trail.step(GOOD)).toBeVisible();
    await expect(page.locator('.Toastify__toast')).toHaveCount(0);
    await works(trail, 'corrupt');
    await expect(trail.notices).toHaveCount(1);
  });
});

test.describe('a folder in which nothing may be written', () => {
  test.use({ tmpPath: 'read-only' });

  test('has its record elsewhere', async ({ page, trail }) => {
    await expect(trail.notices).toHaveCount(1);
    await expect(trail.notices).toHaveAttribute('role', 'note');
    await expect(trail.notices).toContainText('kept in your own folder');
    await trail.openStep(GOOD);
    await trail.runAll();
    await expect(trail.view.locator('.jp-OutputArea-output')).toHaveText('6');
    await expect(trail.executions).toHaveCount(2);
    expect(await trail.exists('read-only/.nbtrail')).toBe(false);
  });
});
