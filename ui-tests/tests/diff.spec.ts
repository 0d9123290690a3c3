import type { NotebookPanel } from '@jupyterlab/notebook';

import { expect, test } from './trail';

const NAME = 'EXPERIMENTAL-passenger-ages';
const PATH = `${NAME}.ipynb`;

// One story: the last test puts the notebook back.
test.describe.configure({ mode: 'serial' });
test.use({ tmpPath: 'versions' });

test.beforeEach(async ({ trail }) => {
  await trail.command('nbtrail:open-diff', {
    path: PATH,
    a: `${PATH}@git:HEAD`,
    b: PATH
  });
  await expect(
    trail.diff.locator('[data-op="modify"] .cm-line')
  ).not.toHaveCount(0);
});

test('one changed line looks like one changed line', async ({ trail }) => {
  await expect(trail.diff).toContainText(
    '2 cells changed, 1 added, 1 removed, 1 moved'
  );
  const rate = trail.diff.locator('[data-cell-id="rate"]');
  await expect(rate.locator('.cm-merge-a .cm-changedText')).toHaveText(['1']);
  await expect(rate.locator('.cm-merge-b .cm-changedText')).toHaveText([
    '05',
    ', seed'
  ]);
  await expect(rate.locator('.cm-merge-b .cm-changedLine')).toHaveCount(2);
  await expect(trail.diff.locator('[data-cell-id="moved"]')).toHaveAttribute(
    'aria-label',
    'Moved from 11 to 3'
  );
  await expect(trail.diff).toContainText('1 with noise in its outputs');

  await trail.page.getByRole('button', { name: 'Inline', exact: true }).click();
  await expect(rate.locator('.cm-deletedChunk')).toHaveCount(2);
  const title = trail.diff.locator('[data-cell-id="title"]');
  await title.getByRole('button', { name: 'Rendered' }).click();
  await expect(title.locator('.jp-Trail-rendered strong')).toHaveText(
    'passengers'
  );
});

test('outputs are shown on request, and run nothing', async ({
  page,
  trail
}) => {
  await expect(trail.diff.locator('.jp-Trail-outputs-host')).toHaveCount(0);
  const table = trail.diff.locator('[data-cell-id="table"]');
  const toggle = table.getByRole('button', { name: /Outputs changed/ });
  await expect(toggle).toContainText('1 table cell differs');
  await toggle.click();
  await expect(toggle).toHaveAttribute('aria-expanded', 'true');
  await expect(table.locator('.jp-Trail-values tbody')).toContainText(
    'row 0, age2223'
  );

  await page.getByRole('button', { name: 'Outputs', exact: true }).click();
  const note = trail.diff.locator('[data-cell-id="note"]');
  await note.scrollIntoViewIfNeeded();
  await expect(note.locator('.jp-Trail-outputs-host b')).toHaveCount(2);
  await expect(note.locator('script')).toHaveCount(0);
  expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
});

test('pictures are compared in three ways', async ({ trail }) => {
  const plot = trail.diff.locator('[data-cell-id="plot"]');
  await plot.getByRole('button', { name: /Outputs changed/ }).click();
  await expect(plot.locator('img')).toHaveCount(2);
  await plot.getByRole('button', { name: 'Swipe' }).click();
  const slider = plot.getByRole('slider');
  await slider.focus();
  await slider.press('ArrowRight');
  await expect(slider).toHaveValue('51');
  await plot.getByRole('button', { name: 'Heat map' }).click();
  await expect(plot.getByRole('status')).toHaveText(/^3\.1 % of the pixels/);
});

test('the keyboard goes from change to change', async ({ page, trail }) => {
  const ids = await trail.diff
    .locator('.jp-Trail-change')
    .evaluateAll(nodes => nodes.map(node => node.dataset.cellId));
  const focused = (): Promise<string | undefined> =>
    page.evaluate(
      () => (document.activeElement as HTMLElement | null)?.dataset.cellId
    );
  await trail.diff.focus();
  for (const id of ids) {
    await page.keyboard.press('Alt+j');
    expect(await focused()).toBe(id);
  }
  await page.keyboard.press('Alt+k');
  expect(await focused()).toBe(ids[ids.length - 2]);
});

test('looks as it should', async ({ page, trail }) => {
  await page.sidebar.close('left');
  const toolbar = (name: string): Promise<void> =>
    page
      .getByRole('toolbar', { name: 'main area toolbar' })
      .getByRole('button', { name, exact: true })
      .click();
  for (const theme of ['light', 'dark']) {
    if (theme === 'dark') {
      await page.theme.setDarkTheme();
    }
    await trail.screenshot(`diff-${theme}`);
    await toolbar('Outputs');
    await toolbar('Inline');
    await trail.screenshot(`diff-inline-${theme}`);
    await toolbar('Outputs');
    await toolbar('Inline');
  }
  await page.setViewportSize({ width: 420, height: 900 });
  await expect(trail.diff.locator('.cm-deletedChunk')).not.toHaveCount(0);
  await trail.screenshot('diff-narrow');
});

test('a version that is not there is told, and tried again', async ({
  trail
}) => {
  await trail.command('nbtrail:open-diff', {
    path: PATH,
    a: `${PATH}@git:nowhere`,
    b: PATH
  });
  const view = trail.page.locator('.jp-Trail-diff:visible');
  await expect(view.getByRole('alert')).toContainText('nowhere');
  await view.getByLabel('Before').selectOption({ label: 'Now' });
  await expect(view.getByRole('alert')).toHaveCount(0);
  await expect(view).toContainText('The notebook is as it was.');
});

test('edits on screen are compared before they are saved', async ({
  page,
  trail
}) => {
  const changes = page
    .locator('#jp-main-dock-panel')
    .getByRole('tab', { name: /^Changes/ });
  await trail.openPath(`versions/${PATH}`);
  const edit = (text: string) =>
    page.evaluate(source => {
      const panel = window.jupyterapp.shell.currentWidget as NotebookPanel;
      const cells = panel.content.model?.sharedModel.cells ?? [];
      cells.find(({ id }) => id === 'rate')?.setSource(source);
    }, text);
  await edit('rate = 123');
  await changes.click();
  const rate = trail.diff.locator('[data-cell-id="rate"] .cm-merge-b');
  await expect(rate).not.toContainText('rate = 123');
  await trail.diff.getByLabel('After').selectOption(`${PATH}@working`);
  await expect(rate).toContainText('rate = 123');

  // What is typed meanwhile is followed.
  await trail.tab(NAME).click();
  await edit('rate = 456');
  await changes.click();
  await expect(rate).toContainText('rate = 456');
  expect((await trail.saved(`versions/${PATH}`)).join()).not.toContain('456');
});

test('a cell and the notebook are put back, and that is undone', async ({
  page,
  trail
}) => {
  const saved = async (): Promise<string> =>
    (await trail.saved(`versions/${PATH}`)).join('\n');
  const dialog = page.locator('.jp-Dialog');
  const rate = trail.diff.locator('[data-cell-id="rate"]');
  await rate.getByRole('button', { name: 'Apply this cell' }).click();
  await expect(dialog).toContainText('is kept first');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  expect(await saved()).toContain('learning_rate = 0.05');

  await rate.getByRole('button', { name: 'Apply this cell' }).click();
  await dialog.getByRole('button', { name: 'Apply' }).click();
  await expect(rate).toHaveCount(0);
  expect(await saved()).toContain('learning_rate = 0.1\n');
  const notice = page.locator('.Toastify__toast');
  await notice.getByRole('button', { name: 'Undo' }).click();
  await expect(rate).toBeVisible();
  expect(await saved()).toContain('learning_rate = 0.05');

  await page.getByRole('button', { name: 'Restore this notebook' }).click();
  await dialog.getByRole('button', { name: 'Restore' }).click();
  await expect(trail.diff).toContainText('The notebook is as it was.');
  expect(await saved()).toContain('no longer needed');

  // The versions to choose from have the one that was kept.
  await trail.diff.getByLabel('After').selectOption({ index: 3 });
  await expect(trail.diff.locator('.jp-Trail-change')).not.toHaveCount(0);
});
