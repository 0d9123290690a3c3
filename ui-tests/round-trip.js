/**
 * Times cells of a notebook that is open in JupyterLab, for `benchmarks/lab_round_trip.py`.
 *
 * Takes pairs of addresses and notebooks; says that it is ready, and then answers each line of
 * its input, the number of a pair and how many cells to run, with their times in ms, as JSON.
 */
const fs = require('fs');
const readline = require('readline');
const { chromium } = require('@playwright/test');

const executablePath = [process.env.CHROMIUM_PATH, '/usr/bin/chromium'].find(
  path => path && fs.existsSync(path)
);

async function opened(browser, address, notebook) {
  const page = await browser.newPage();
  await page.goto(`${address}/lab/tree/${notebook}`);
  await page.waitForFunction(
    () =>
      window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel
        ?.status === 'idle',
    undefined,
    { timeout: 120000 }
  );
  return page;
}

const times = (page, count) =>
  page.evaluate(async count => {
    const { kernel } =
      window.jupyterapp.shell.currentWidget.sessionContext.session;
    const found = [];
    for (let n = 0; n < count; n++) {
      const begun = performance.now();
      await kernel.requestExecute({ code: '1' }).done;
      found.push(performance.now() - begun);
    }
    return found;
  }, count);

async function main() {
  const browser = await chromium.launch({
    ...(executablePath ? { executablePath } : {}),
    args: ['--no-sandbox', '--disable-gpu']
  });
  const pages = [];
  const given = process.argv.slice(2);
  for (let n = 0; n < given.length; n += 2) {
    pages.push(await opened(browser, given[n], given[n + 1]));
  }
  console.log('ready');
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [which, count] = line.split(' ').map(Number);
    await pages[which].bringToFront();
    console.log(JSON.stringify(await times(pages[which], count)));
  }
  await browser.close();
}

main();
