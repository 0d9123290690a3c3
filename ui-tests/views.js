/**
 * Times views in JupyterLab, for `benchmarks/lab_views.py`.
 *
 * Takes the address of a server, a notebook that changed since its commit, and one with a long
 * timeline; then answers each line of its input, the name of a measurement, with JSON.
 */
const fs = require('fs');
const readline = require('readline');
const { chromium } = require('@playwright/test');

const executablePath = [process.env.CHROMIUM_PATH, '/usr/bin/chromium'].find(
  path => path && fs.existsSync(path)
);
const [address, changed, lived] = process.argv.slice(2);

/** Milliseconds from a command until what it opens fills the screen. */
const opened = (page, command, args, rows, isDrawn) =>
  page.evaluate(
    async ([command, args, rows, isDrawn]) => {
      const { commands, shell } = window.jupyterapp;
      const begun = performance.now();
      void commands.execute(command, args);
      const drawn = node =>
        isDrawn === null || node.querySelector(isDrawn) !== null;
      const fills = () => {
        const view = shell.currentWidget?.content?.node;
        const box = view?.getBoundingClientRect();
        const there = view ? [...view.querySelectorAll(rows)] : [];
        const seen = there.filter(node => {
          const { bottom, top } = node.getBoundingClientRect();
          return bottom > box.top && top < box.bottom;
        });
        return seen.length > 0 && seen.every(drawn);
      };
      while (!fills()) {
        await new Promise(resolve => requestAnimationFrame(resolve));
      }
      return performance.now() - begun;
    },
    [command, args, rows, isDrawn]
  );

/** How long frames take while the view in front is scrolled, in ms. */
const scrolled = page =>
  page.evaluate(async () => {
    const view = window.jupyterapp.shell.currentWidget.content.node;
    const frames = [];
    let before = await new Promise(resolve => requestAnimationFrame(resolve));
    for (let n = 0; n < 100; n++) {
      view.scrollTop += 120;
      const now = await new Promise(resolve => requestAnimationFrame(resolve));
      frames.push(now - before);
      before = now;
    }
    return frames;
  });

const close = page =>
  page.evaluate(() => window.jupyterapp.shell.currentWidget.dispose());

const MEASUREMENTS = {
  diff: async page => {
    const args = { path: changed, a: `${changed}@git:HEAD`, b: changed };
    const first = await opened(
      page,
      'nbtrail:open-diff',
      args,
      '.jp-Trail-change',
      '.cm-content'
    );
    const frames = await scrolled(page);
    await close(page);
    return { first, frames };
  },
  timeline: async page => {
    const first = await opened(
      page,
      'nbtrail:open-timeline',
      { path: lived },
      '.jp-Trail-entry',
      null
    );
    await close(page);
    return { first };
  }
};

async function main() {
  const browser = await chromium.launch({
    ...(executablePath ? { executablePath } : {}),
    args: ['--no-sandbox', '--disable-gpu']
  });
  const page = await browser.newPage({
    viewport: { width: 1280, height: 900 }
  });
  await page.goto(`${address}/lab?reset`);
  await page.waitForFunction(
    () => window.jupyterapp?.commands.hasCommand('nbtrail:open-diff'),
    undefined,
    { timeout: 120000 }
  );
  await page.evaluate(() => window.jupyterapp.restored);
  console.log('ready');
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await MEASUREMENTS[line](page)));
  }
  await browser.close();
}

main();
