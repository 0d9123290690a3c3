import * as path from 'path';

import { IJupyterLabPageFixture, test as base } from '@jupyterlab/galata';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import { expect, Locator } from '@playwright/test';

export { galata } from '@jupyterlab/galata';
export { expect };

/** What a person sees of nbtrail in a page of JupyterLab. */
export class Trail {
  constructor(readonly page: IJupyterLabPageFixture) {
    this.panel = page.locator('#nbtrail-panel');
    this.steps = this.section('pipeline').locator('.jp-Trail-step');
    this.runs = this.section('runs').locator('.jp-Trail-run');
    this.executions = this.section('history').locator('.jp-Trail-execution');
    this.findings = this.section('checks').locator('.jp-Trail-finding');
    this.notices = this.panel.locator('.jp-Trail-notice');
    this.dialog = page.locator('.jp-Dialog.jp-Trail-dialog');
    this.diff = page.locator('.jp-Trail-diff');
    this.timeline = page.locator('.jp-Trail-timeline');
    this.comparison = page.locator('.jp-Trail-runsView');
    this.view = page.locator('.jp-NotebookPanel:not(.lm-mod-hidden)');
  }

  /** Bars beside cells of the notebook in view. */
  get marks(): Locator {
    return this.view.locator('.jp-Trail-cellMark');
  }

  readonly panel: Locator;
  readonly steps: Locator;
  readonly runs: Locator;
  readonly executions: Locator;
  readonly findings: Locator;
  readonly notices: Locator;

  /** The dialog that asks for a name. */
  readonly dialog: Locator;
  readonly diff: Locator;
  readonly timeline: Locator;

  /** Runs side by side. */
  readonly comparison: Locator;

  /** The notebook in view. */
  readonly view: Locator;

  section(name: 'pipeline' | 'runs' | 'history' | 'checks'): Locator {
    return this.panel.locator(`[data-section="${name}"]`);
  }

  step(name: string): Locator {
    return this.section('pipeline').locator(
      `.jp-Trail-step[data-trail-path="${name}.ipynb"]`
    );
  }

  /** The names of the steps and how they stand, in their order. */
  states(): Promise<string[]> {
    return this.steps.evaluateAll(steps =>
      steps.map(step => step.dataset.status ?? '')
    );
  }

  /** A button beside the title of the pipeline. */
  button(name: string): Locator {
    return this.panel
      .getByRole('toolbar', { name: 'Pipeline' })
      .getByRole('button', { name, exact: true });
  }

  /** A chip in the toolbar of the notebook in view. */
  chip(name: 'category' | 'pairing' | 'order' | 'findings'): Locator {
    return this.view.locator(`[data-chip="${name}"] button`);
  }

  /** The tab of a notebook in the main area. */
  tab(name: string): Locator {
    return this.page
      .locator('#jp-main-dock-panel')
      .getByRole('tab', { name: `${name}.ipynb`, exact: true });
  }

  /** Open a notebook from the pipeline and wait for its kernel. */
  async openStep(name: string): Promise<void> {
    await this.step(name).locator('.jp-Trail-step-row').click();
    await this.opened(name);
  }

  /** Open a notebook that is no step. */
  async openPath(path: string): Promise<void> {
    await this.command('docmanager:open', { path });
    await this.opened(path.replace(/^.*\//, '').replace(/\.ipynb$/, ''));
  }

  /** Wait until a notebook is in view and its kernel answers. */
  async opened(name: string): Promise<void> {
    await expect(this.tab(name)).toHaveAttribute('aria-selected', 'true');
    await this.page.evaluate(async () => {
      const panel = window.jupyterapp.shell.currentWidget as NotebookPanel;
      await panel.sessionContext.ready;
      await panel.sessionContext.session?.kernel?.info;
    });
  }

  /** Carry out a command of JupyterLab. */
  async command(id: string, args: ReadonlyJSONObject = {}): Promise<void> {
    await this.page.evaluate(
      ([command, values]) => {
        void window.jupyterapp.commands.execute(
          command as string,
          values as ReadonlyJSONObject
        );
      },
      [id, args]
    );
  }

  /** Run all cells of the notebook in view. */
  async runAll(): Promise<void> {
    await this.command('notebook:run-all-cells');
  }

  /** Keep a picture to look at, of the whole page or of a part of it. */
  async screenshot(name: string, part?: Locator): Promise<void> {
    await (part ?? this.page).screenshot({
      path: path.join(__dirname, '..', 'screenshots', `${name}.png`),
      animations: 'disabled'
    });
  }

  /** The cells of a file as the server has them. */
  async saved(path: string): Promise<string[]> {
    const response = await this.page.request.get(`/api/contents/${path}`);
    expect(response.ok()).toBe(true);
    const { content } = await response.json();
    return content.cells.map((cell: { source: string }) => cell.source);
  }

  /** The text of a file as the server has it. */
  async text(path: string): Promise<string> {
    const response = await this.page.request.get(
      `/api/contents/${path}?type=file&format=text`
    );
    expect(response.ok()).toBe(true);
    return (await response.json()).content;
  }

  /** Whether the server has a file. */
  async exists(path: string): Promise<boolean> {
    const response = await this.page.request.get(
      `/api/contents/${path}?content=0`
    );
    return response.ok();
  }

  /** Save the notebook in view and wait until the server has it. */
  async save(): Promise<void> {
    // A save that begins while another one is under way would do nothing.
    await this.page.evaluate(async () => {
      await window.jupyterapp.commands.execute('docmanager:save');
    });
    await this.clean();
  }

  /** Wait until the document in view has no changes that are not saved. */
  async clean(): Promise<void> {
    await expect(
      this.page.locator('#jp-main-dock-panel .lm-mod-current.jp-mod-dirty')
    ).toHaveCount(0);
  }
}

/**
 * Galata's test with `trail`: the panel, open on the project in `tmpPath`.
 *
 * Set `tmpPath` to one of the projects that `serve.py` makes.
 */
export const test = base.extend<{ trail: Trail }>({
  // Below an address with a folder, Lab shows the file browser some time later.
  autoGoto: false,
  viewport: { width: 1280, height: 900 },
  trail: async ({ page, tmpPath }, use) => {
    const trail = new Trail(page);
    await page.goto('?reset');
    await page.evaluate(() => window.jupyterapp.restored);
    await trail.command('nbtrail:open-panel');
    await trail.command('filebrowser:go-to-path', {
      path: tmpPath,
      dontShowBrowser: true
    });
    await expect(
      trail.panel.locator('.jp-Trail-header-name').getByTitle(tmpPath)
    ).toBeVisible();
    await use(trail);
  }
});
