import { expect, test } from './trail';

test.use({ tmpPath: 'checks' });

test('a finding is opened, explained, mended or silenced', async ({
  page,
  trail
}) => {
  const finding = (
    name: string,
    code: string
  ): ReturnType<typeof page.locator> =>
    trail.findings.and(
      page.locator(`[data-trail-path="${name}.ipynb"][data-code="${code}"]`)
    );

  // One click mends what needs no question.
  const pairing = finding('CLEANING-numbers', 'NBT301');
  await pairing.locator('.jp-Trail-button').click();
  await expect(pairing).toHaveCount(0);
  expect(await trail.exists('checks/CLEANING-numbers.py')).toBe(true);

  // The message leads to the cell, the code to the rule.
  const random = finding('EXPERIMENTAL-dice', 'NBT601');
  await random.locator('.jp-Trail-finding-message').click();
  await trail.opened('EXPERIMENTAL-dice');
  await expect(trail.view.locator('.jp-Cell.jp-mod-active')).toContainText(
    'randint'
  );
  await random.hover();
  await trail.screenshot('checks-light', trail.panel);
  await random.locator('.jp-Trail-finding-code').click();
  const page601 = page.locator('.jp-Trail-rule');
  await expect(page601.getByRole('heading').first()).toContainText('NBT601');
  await trail.screenshot('rule');
  await page.theme.setDarkTheme();
  await trail.screenshot('checks-dark', trail.panel);

  await random.click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Silence in This Cell' }).click();
  await expect(random).toHaveCount(0);
  expect(await trail.saved('checks/EXPERIMENTAL-dice.ipynb')).toContain(
    '# nbtrail: ignore NBT601\nthrows = np.random.randint(1, 7, 100)'
  );
});
