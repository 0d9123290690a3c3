import { expect, test } from './trail';

const NAME = 'EXPLORATION-ages';

test.use({ tmpPath: 'pairs' });

test('a conflict is ended cell by cell, and only by choice', async ({
  page,
  trail
}) => {
  const { dialog } = trail;
  await trail.openStep(NAME);
  await expect(trail.chip('pairing')).toHaveText('.py paired');
  await trail.command('docmanager:open', {
    path: `pairs/${NAME}.py`,
    factory: 'Editor'
  });
  await expect(page.getByRole('tab', { name: `${NAME}.py` })).toBeVisible();
  const before = await trail.text(`pairs/${NAME}.py`);
  const edited = before
    .replace('[22, 38, 26]', '[22, 38, 26, 35]')
    .replace('print(middle)', 'print("twin", middle)');
  expect(edited).not.toBe(before);
  await page.contents.uploadContent(edited, 'text', `pairs/${NAME}.py`);

  await trail.tab(NAME).click();
  await page.notebook.setCell(0, 'code', 'ages = [22, 38]');
  await page.notebook.setCell(2, 'code', 'print("notebook", middle)');
  await trail.command('docmanager:save');
  await expect(trail.chip('pairing')).toHaveText('.py conflict');

  await trail.chip('pairing').click();
  const cells = dialog.locator('.jp-Trail-conflict-cell');
  await expect(cells).toHaveCount(2);
  await expect(cells.nth(0)).toContainText('ages = [22, 38, 26, 35]');
  const apply = dialog.getByRole('button', { name: 'Apply' });
  await expect(apply).toBeDisabled();
  await trail.screenshot('conflict-light', dialog);
  await cells.nth(0).getByRole('radio', { name: 'Twin' }).check();
  await expect(dialog).toContainText('1 cell to choose');
  await expect(apply).toBeDisabled();
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  expect(await trail.text(`pairs/${NAME}.py`)).toBe(edited);

  await page.theme.setDarkTheme();
  await trail.chip('pairing').click();
  await cells.nth(0).getByRole('radio', { name: 'Twin' }).check();
  await cells.nth(1).getByRole('radio', { name: 'Both' }).check();
  await cells.nth(1).getByRole('button', { name: 'Before both edits' }).focus();
  await page.keyboard.press('Enter');
  await expect(cells.nth(1)).toContainText('print(middle)');
  await trail.screenshot('conflict-dark', dialog);
  await apply.click();
  await expect(dialog).toHaveCount(0);
  await expect(trail.chip('pairing')).toHaveText('.py paired');
  expect(await trail.saved(`pairs/${NAME}.ipynb`)).toEqual([
    'ages = [22, 38, 26, 35]',
    'ages.sort()\nmiddle = ages[1]',
    'print("notebook", middle)',
    'print("twin", middle)'
  ]);
  await expect(trail.view.locator('.jp-CodeCell')).toHaveCount(4);
  // The twin that is open shows what came out.
  await page.getByRole('tab', { name: `${NAME}.py` }).click();
  await expect(page.locator('.jp-FileEditor')).toContainText(
    'print("notebook", middle)'
  );
});
