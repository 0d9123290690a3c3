import { Locator } from '@playwright/test';

import { expect, test, Trail } from './trail';

const OLD = '1-CLEANING-numbers';
const REPORT = '2-DEPLOY-report';

// Each test leaves the project as it was.
test.use({ tmpPath: 'moves' });

/** The notification with a text. */
function toast(trail: Trail, text: string): Locator {
  return trail.page.locator('.Toastify__toast').filter({ hasText: text });
}

/** Open a text file in the editor, and come back. */
async function openTwin(trail: Trail, name: string): Promise<void> {
  await trail.command('docmanager:open', {
    path: `moves/${name}.py`,
    factory: 'Editor'
  });
  await expect(editor(trail, name)).toBeVisible();
}

function editor(trail: Trail, name: string): Locator {
  return trail.page
    .locator('#jp-main-dock-panel')
    .getByRole('tab', { name: `${name}.py`, exact: true });
}

test('another category takes twin, tabs and references along, and back', async ({
  page,
  trail
}) => {
  const { dialog } = trail;
  await trail.openStep(REPORT);
  await trail.openStep(OLD);
  await openTwin(trail, OLD);
  await trail.tab(OLD).click();
  await trail.chip('category').click();
  await page.getByRole('menuitem', { name: 'EXPLORATION' }).click();

  await expect(
    dialog.getByRole('radio', { name: 'EXPLORATION' })
  ).toBeChecked();
  await expect(
    dialog.getByRole('checkbox', { name: 'Update 1 reference' })
  ).toBeChecked();
  await dialog.getByRole('button', { name: 'Show changes' }).focus();
  await page.keyboard.press('Enter');
  const changes = dialog.getByRole('region', { name: 'Changes' });
  await expect(changes.locator('.jp-mod-delete')).toContainText(
    `%run ${OLD}.ipynb`
  );
  await trail.screenshot('rename-light', dialog);
  await page.theme.setDarkTheme();
  await trail.screenshot('rename-dark', dialog);
  await dialog.getByRole('button', { name: 'Rename' }).click();

  const name = '1-EXPLORATION-numbers';
  await expect(trail.tab(name)).toBeVisible();
  await expect(editor(trail, name)).toBeVisible();
  await expect(toast(trail, `Renamed to ${name}.ipynb`)).toContainText(
    '1 reference follows'
  );
  expect(await trail.saved(`moves/${REPORT}.ipynb`)).toEqual([
    `%run ${name}.ipynb`,
    'print(numbers)'
  ]);
  await trail.tab(REPORT).click();
  await expect(trail.view.locator('.jp-CodeCell').first()).toContainText(name);

  await toast(trail, 'Renamed').getByRole('button', { name: 'Undo' }).click();
  await expect(trail.tab(OLD)).toBeVisible();
  await expect(editor(trail, OLD)).toBeVisible();
  await expect(trail.view.locator('.jp-CodeCell').first()).toContainText(OLD);
  expect(await trail.exists(`moves/${name}.ipynb`)).toBe(false);
  await trail.tab(OLD).click();
  await trail.runAll();
  await expect(trail.view.locator('.jp-OutputArea-output')).toHaveText('6');
  await trail.save();
});

test('a rename of Lab’s own offers to update references', async ({
  page,
  trail
}) => {
  const { dialog } = trail;
  const name = '1-CLEANING-tidy';
  await trail.openStep(OLD);
  await openTwin(trail, OLD);
  await trail.tab(OLD).click();
  await trail.command('docmanager:rename');
  const lab = page.locator('.jp-Dialog:not(.jp-Trail-dialog)');
  await lab.locator('input').fill(`${name}.ipynb`);
  await lab.getByRole('button', { name: 'Rename' }).click();
  await expect(trail.tab(name)).toBeVisible();
  await expect(editor(trail, name)).toBeVisible();

  const offer = toast(trail, `1 reference to ${OLD}.ipynb`);
  await offer.getByRole('button', { name: 'Update' }).click();
  await expect(dialog).toContainText(`%run ${name}.ipynb`);
  await trail.screenshot('references', dialog);
  await dialog.getByRole('button', { name: 'Update' }).click();
  await expect(toast(trail, '1 reference updated')).toBeVisible();
  expect(await trail.saved(`moves/${REPORT}.ipynb`)).toContain(
    `%run ${name}.ipynb`
  );

  // Back again, from the panel, without a word about the category.
  await trail.command('nbtrail:change-category', { path: `${name}.ipynb` });
  await dialog.getByLabel('What it holds').fill('numbers');
  await expect(dialog.getByRole('checkbox')).toBeChecked();
  await dialog.getByLabel('What it holds').press('Enter');
  await expect(trail.tab(OLD)).toBeVisible();
  expect(await trail.saved(`moves/${REPORT}.ipynb`)).toContain(
    `%run ${OLD}.ipynb`
  );
});
