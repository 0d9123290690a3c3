import { expect, test } from './trail';

test.use({ tmpPath: 'loose' });

test('a folder becomes a project with one click', async ({ page, trail }) => {
  await expect(trail.notices).toHaveCount(1);
  await expect(trail.notices).toContainText('only looked at');
  await expect(trail.steps).toHaveCount(2);
  expect(await trail.exists('loose/nbtrail.toml')).toBe(false);

  await trail.notices.getByRole('button', { name: 'Start here' }).click();
  await expect(trail.notices).toHaveCount(0);
  expect(await trail.exists('loose/nbtrail.toml')).toBe(true);
  await expect(trail.steps).toHaveCount(2);
  await expect(trail.step('EXPLORATION-first-look')).toBeVisible();
  expect(await trail.exists('loose/EXPLORATION-first-look.py')).toBe(true);

  // What the person has to decide is left: the notebook without a category.
  await expect(trail.findings).toHaveCount(1);
  await expect(trail.findings).toHaveAttribute('data-code', 'NBT101');
  await expect(trail.findings).toContainText('model_final');
  await trail.openStep('EXPLORATION-first-look');
  await trail.runAll();
  await expect(trail.executions).toHaveCount(1);
  await expect(trail.chip('order')).toHaveText('in order');
});
