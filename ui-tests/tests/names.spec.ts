import { Locator } from '@playwright/test';

import { expect, test, Trail } from './trail';

const GOOD = '2-CLEANING-good-numbers';

test.use({ tmpPath: 'names' });

/** A file in Lab's file browser. */
function file(trail: Trail, name: string): Locator {
  return trail.page
    .getByRole('region', { name: 'File Browser Section' })
    .locator('.jp-DirListing-item')
    .filter({ has: trail.page.getByText(name, { exact: true }) });
}

/** Answer the question for a better name. */
async function agree(
  trail: Trail,
  button: string,
  part: { category?: string; description: string }
): Promise<void> {
  const { dialog } = trail;
  await expect(dialog.getByRole('alert')).toBeVisible();
  if (part.category) {
    await dialog.getByRole('radio', { name: part.category }).check();
  }
  await dialog.getByLabel('What it holds').fill(part.description);
  await dialog.getByRole('button', { name: button, exact: true }).click();
  await expect(trail.page.locator('.jp-Dialog')).toHaveCount(0);
}

test('a card of the launcher makes a notebook that continues another', async ({
  page,
  trail
}) => {
  await trail.command('launcher:create', { cwd: 'names' });
  const cards = page
    .locator('#jp-main-dock-panel .lm-DockPanel-widget:not(.lm-mod-hidden)')
    .locator('.jp-LauncherCard[data-category="nbtrail"]');
  await expect(cards).toHaveText([
    'EXPLORATION',
    'CLEANING',
    'EXPERIMENTAL',
    'DEPLOY'
  ]);
  await trail.screenshot('launcher');
  await cards.nth(0).click();
  const { dialog } = trail;
  await expect(
    dialog.getByRole('radio', { name: 'EXPLORATION' })
  ).toBeChecked();
  await expect(dialog.getByLabel('What it holds')).toBeFocused();
  const create = dialog.getByRole('button', { name: 'Create' });
  await expect(create).toBeDisabled();
  await dialog.getByLabel('Start from').selectOption(`${GOOD}.ipynb`);
  await dialog.getByLabel('What it holds').fill('Sums by day');
  await expect(dialog.getByRole('textbox', { name: 'Number' })).toHaveValue(
    '3'
  );
  await expect(dialog.getByRole('status')).toHaveText(
    '3-EXPLORATION-sums-by-day.ipynb'
  );
  await expect(create).toBeEnabled();
  await trail.screenshot('new-notebook', dialog);
  await dialog.getByLabel('What it holds').press('Enter');

  const name = '3-EXPLORATION-sums-by-day';
  await expect(trail.tab(name)).toHaveAttribute('aria-selected', 'true');
  await expect(trail.view.locator('.jp-MarkdownCell').first()).toContainText(
    GOOD
  );
  await expect(trail.step(name)).toBeVisible();

  // The same from the notebook that is to be continued.
  await trail
    .step(GOOD)
    .locator('.jp-Trail-step-row')
    .click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Continue in a New' }).click();
  await expect(dialog.getByLabel('Start from')).toHaveValue(`${GOOD}.ipynb`);
  await expect(create).toBeDisabled();
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);

  await page.menu.open('File>New');
  await expect(
    page.getByRole('menuitem', { name: /^[A-Z]+ Notebook…$/ })
  ).toHaveText([/EXPLORATION/, /CLEANING/, /EXPERIMENTAL/, /DEPLOY/]);
  await page.menu.closeAll();
});

test('a bad name is put right where it is given', async ({ page, trail }) => {
  const { dialog } = trail;
  await trail.openStep(GOOD);
  await page.sidebar.openTab('filebrowser');

  // The file browser.
  const rename = async (name: string): Promise<void> => {
    await file(trail, `${GOOD}.ipynb`).click();
    await trail.command('filebrowser:rename');
    await page.locator('.jp-DirListing-editor').fill(name);
    await page.locator('.jp-DirListing-editor').press('Enter');
  };
  await rename('final_v2.ipynb');
  await expect(dialog).toContainText('final_v2.ipynb names no category');
  await expect(dialog.getByRole('radio', { name: 'CLEANING' })).toBeChecked();
  await trail.screenshot('refused-name', dialog);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.locator('.jp-Dialog')).toHaveCount(0);
  await expect(file(trail, `${GOOD}.ipynb`)).toBeVisible();
  await rename('final_v2.ipynb');
  await agree(trail, 'Rename', { description: 'tidy numbers' });
  await expect(trail.tab('2-CLEANING-tidy-numbers')).toBeVisible();
  await expect(file(trail, '2-CLEANING-tidy-numbers.ipynb')).toBeVisible();

  // The tab.
  await trail.command('docmanager:rename');
  const lab = page.locator('.jp-Dialog:not(.jp-Trail-dialog)');
  await lab.locator('input').fill('notes.ipynb');
  await lab.getByRole('button', { name: 'Rename' }).click();
  await agree(trail, 'Rename', { description: 'neat numbers' });
  await expect(trail.tab('2-CLEANING-neat-numbers')).toBeVisible();

  // Save as.
  await trail.command('docmanager:save-as');
  await lab.locator('input').fill('names/other.ipynb');
  await lab.getByRole('button', { name: 'Save' }).click();
  await agree(trail, 'Save', {
    category: 'DEPLOY',
    description: 'numbers again'
  });
  await expect(trail.tab('DEPLOY-numbers-again')).toBeVisible();
  expect(await trail.exists('names/other.ipynb')).toBe(false);
  expect(await trail.exists('names/2-CLEANING-neat-numbers.ipynb')).toBe(true);
});

test('a copy and an upload get a name, too', async ({ page, trail }) => {
  const { dialog } = trail;
  await page.sidebar.openTab('filebrowser');
  const source = file(trail, 'model_final.ipynb');

  await source.click();
  await trail.command('filebrowser:duplicate');
  await agree(trail, 'Copy', {
    category: 'EXPERIMENTAL',
    description: 'two and two'
  });
  const copy = 'names/EXPERIMENTAL-two-and-two.ipynb';
  await expect(file(trail, 'EXPERIMENTAL-two-and-two.ipynb')).toBeVisible();
  expect(await trail.saved(copy)).toEqual(['2 + 2']);

  await source.click();
  await trail.command('filebrowser:copy');
  await trail.command('filebrowser:go-to-path', { path: 'names/sub' });
  await expect(source).toHaveCount(0);
  await trail.command('filebrowser:paste');
  await agree(trail, 'Copy', {
    category: 'EXPERIMENTAL',
    description: 'pasted'
  });
  await expect(file(trail, 'EXPERIMENTAL-pasted.ipynb')).toBeVisible();
  expect(await trail.exists('names/model_final.ipynb')).toBe(true);

  const upload = async (): Promise<void> => {
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Upload Files' }).click();
    await (
      await chooser
    ).setFiles({
      name: 'uploaded copy (1).ipynb',
      mimeType: 'application/json',
      buffer: Buffer.from(
        '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'
      )
    });
  };
  await upload();
  await expect(dialog.getByRole('radio').first()).toBeFocused();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.locator('.jp-Dialog')).toHaveCount(0);
  await upload();
  // A name that is taken is no good either.
  await dialog.getByRole('radio', { name: 'EXPERIMENTAL' }).check();
  await dialog.getByLabel('What it holds').fill('pasted');
  await dialog.getByRole('button', { name: 'Upload', exact: true }).click();
  await expect(dialog).toContainText(
    'There is already a notebook EXPERIMENTAL-pasted.ipynb.'
  );
  await agree(trail, 'Upload', { description: 'numbers of may' });
  await expect(file(trail, 'EXPERIMENTAL-numbers-of-may.ipynb')).toBeVisible();
  expect(await trail.exists('names/sub/uploaded copy (1).ipynb')).toBe(false);
});
