import { expect, test, Trail } from './trail';

test.use({ tmpPath: 'drafts' });

/** Make a notebook without a name and write its first cell. */
async function draft(trail: Trail, source: string): Promise<string> {
  await trail.command('notebook:create-new', {
    cwd: 'drafts',
    kernelName: 'python3'
  });
  const tab = trail.page
    .locator('#jp-main-dock-panel')
    .getByRole('tab', { name: /^Untitled.*\.ipynb$/, selected: true });
  const name = (await tab.innerText()).trim().replace('.ipynb', '');
  await trail.opened(name);
  await trail.page.notebook.setCell(0, 'code', source);
  return name;
}

/** Save a draft with the name that it has, which Lab asks about. */
async function save(trail: Trail): Promise<void> {
  await trail.command('docmanager:save');
  await trail.page
    .locator('.jp-Dialog')
    .getByRole('button', { name: 'Rename and Save' })
    .click();
  await trail.clean();
}

test('asks for the name of a draft before it runs', async ({ trail }) => {
  const name = await draft(trail, 'answer = 6 * 7\nanswer');
  await expect(trail.chip('category')).toHaveText('Name it…');

  // What was written is never held back, whatever the notebook is called.
  await save(trail);
  expect(await trail.saved(`drafts/${name}.ipynb`)).toEqual([
    'answer = 6 * 7\nanswer'
  ]);

  await trail.command('notebook:run-cell');
  await expect(trail.dialog).toBeVisible();
  await expect(trail.dialog).toContainText('What is this notebook for?');
  await trail.dialog.getByRole('radio', { name: 'EXPERIMENTAL' }).check();
  await trail.dialog.getByLabel('What it holds').fill('Answer to everything!');
  await expect(trail.dialog.getByRole('status')).toHaveText(
    'EXPERIMENTAL-answer-to-everything.ipynb'
  );
  await trail.screenshot('naming-dialog');
  await trail.dialog.getByRole('button', { name: 'Name it and run' }).click();

  const named = 'EXPERIMENTAL-answer-to-everything';
  await expect(trail.tab(named)).toHaveAttribute('aria-selected', 'true');
  await expect(trail.view.locator('.jp-OutputArea-output')).toHaveText('42');
  await expect(trail.dialog).toHaveCount(0);
  await expect(trail.chip('category')).toHaveText('EXPERIMENTAL');
  await expect(trail.chip('pairing')).toHaveText('.py paired');
  await expect(trail.step(named)).toBeVisible();
  await expect(trail.executions).toHaveCount(1);
  await expect(trail.executions.first()).toHaveAttribute('data-status', 'ok');
  expect(await trail.exists(`drafts/${named}.ipynb`)).toBe(true);
  expect(await trail.exists(`drafts/${named}.py`)).toBe(true);
  expect(await trail.exists(`drafts/${name}.ipynb`)).toBe(false);
});

test('runs a draft as scratch', async ({ trail }) => {
  const name = await draft(trail, 'print("only a try")');
  await trail.command('notebook:run-cell');
  await trail.dialog.getByRole('button', { name: 'Run as scratch' }).click();
  await expect(trail.view.locator('.jp-OutputArea-output')).toHaveText(
    'only a try'
  );
  await expect(trail.executions.first()).toHaveAttribute('data-status', 'ok');
  expect(await trail.exists(`drafts/scratch/${name}.ipynb`)).toBe(true);
  expect(await trail.exists(`drafts/${name}.ipynb`)).toBe(false);
  await expect(
    trail.findings.and(trail.page.locator(`[data-trail-path$="${name}.ipynb"]`))
  ).toHaveCount(0);
  await save(trail);
  expect(await trail.saved(`drafts/scratch/${name}.ipynb`)).toEqual([
    'print("only a try")'
  ]);
});

test('leaves a draft alone when nothing is decided', async ({ trail }) => {
  const name = await draft(trail, 'print("must not run")');
  await trail.command('notebook:run-cell');
  await trail.dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(trail.dialog).toHaveCount(0);
  await expect(trail.view.locator('.jp-OutputArea-output')).toContainText(
    'name'
  );
  await expect(trail.view.locator('.jp-OutputArea')).not.toContainText(
    /^must not run/m
  );
  await expect(trail.executions).toHaveCount(0);
  await save(trail);
  expect(await trail.saved(`drafts/${name}.ipynb`)).toEqual([
    'print("must not run")'
  ]);
});

test.describe('ways of running', () => {
  // Galata's own answers to a restart are not those of a server.
  test.use({ kernels: null, sessions: null });

  test('asks on every way of running, and once for all cells', async ({
    page,
    trail
  }) => {
    await draft(trail, 'print("first")');
    await page.notebook.addCell('code', 'print("second")');
    const outputs = trail.view.locator('.jp-OutputArea-output');
    const refused = async (): Promise<void> => {
      await expect(trail.dialog).toHaveCount(1);
      await trail.dialog.getByLabel('What it holds').press('Escape');
      await expect(page.locator('.jp-Dialog')).toHaveCount(0);
      await expect(outputs.first()).toContainText('is a draft');
      await expect(trail.executions).toHaveCount(0);
    };

    await page.menu.clickMenuItem('Run>Run All Cells');
    await refused();
    await page.notebook.selectCells(0);
    await page.keyboard.press('Shift+Enter');
    await refused();
    await trail.view
      .getByRole('button', { name: /^Run this cell and advance/ })
      .click();
    await refused();

    // After a restart, and with Enter for what is proposed.
    await trail.command('notebook:restart-run-all');
    await page
      .locator('.jp-Dialog:not(.jp-Trail-dialog)')
      .getByRole('button', { name: 'Confirm Kernel Restart' })
      .click();
    await expect(trail.dialog).toHaveCount(1);
    await expect(trail.dialog.getByRole('status')).toContainText('.ipynb');
    await trail.dialog.getByLabel('What it holds').press('Enter');
    await expect(trail.dialog).toHaveCount(0);
    await expect(outputs).toHaveText(['first', 'second']);
    await expect(trail.executions).toHaveCount(2);
  });
});
