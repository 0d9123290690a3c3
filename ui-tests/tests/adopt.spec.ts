import { expect, test } from './trail';

test.use({ tmpPath: 'chaos' });

test('a folder as it was found gets names that were agreed upon', async ({
  page,
  trail
}) => {
  const { dialog } = trail;
  await trail.openPath('chaos/prep.ipynb');
  await trail.notices.getByRole('button', { name: 'Names…' }).click();
  const row = (name: string): ReturnType<typeof dialog.locator> =>
    dialog.locator(`tr[data-trail-path="${name}.ipynb"]`);
  await expect(row('prep').getByRole('textbox')).toHaveValue(/CLEANING/);
  await expect(row('model_final').getByRole('textbox')).toHaveValue(
    /EXPERIMENTAL/
  );
  await expect(row('Untitled3').getByRole('textbox')).toHaveValue(
    /EXPLORATION/
  );
  await expect(dialog.locator('tr.jp-mod-copy')).toHaveCount(1);
  await trail.screenshot('adopt-light', dialog);

  // What cannot be done cannot be agreed upon.
  const accept = dialog.getByRole('button', { name: 'Start a project' });
  await row('prep').getByRole('textbox').fill('prepared.ipynb');
  await expect(row('prep')).toContainText('needs exactly one category');
  await expect(accept).toBeDisabled();
  await row('prep').getByRole('textbox').fill('1-CLEANING-passengers.ipynb');
  await row('Untitled3').getByRole('checkbox').uncheck();
  await expect(accept).toBeEnabled();
  await page.theme.setDarkTheme();
  await trail.screenshot('adopt-dark', dialog);
  expect(await trail.exists('chaos/nbtrail.toml')).toBe(false);
  await accept.click();

  await expect(trail.tab('1-CLEANING-passengers')).toBeVisible();
  await expect(trail.step('1-CLEANING-passengers')).toBeVisible();
  await expect(trail.step('Untitled3')).toHaveCount(0);
  expect(await trail.exists('chaos/Untitled3.ipynb')).toBe(true);
  const told = page
    .locator('.Toastify__toast')
    .filter({ hasText: '3 notebooks renamed' });
  await told.getByRole('button', { name: 'Undo' }).click();
  await expect(trail.tab('prep')).toBeVisible();
  expect(await trail.exists('chaos/model_final.ipynb')).toBe(true);
});
