const fs = require('fs');
const os = require('os');
const baseConfig = require('@jupyterlab/galata/lib/playwright-config');

/** Chromium named by the environment, else the system's, else Playwright's. */
const chromium = [process.env.CHROMIUM_PATH, '/usr/bin/chromium'].find(
  path => path && fs.existsSync(path)
);
const isRoot = process.getuid?.() === 0;
const port = process.env.NBTRAIL_UI_PORT ?? '8912';

module.exports = {
  ...baseConfig,
  // A report that opened itself would keep `make test` from ending.
  reporter: [['list'], ['html', { open: 'never' }]],
  timeout: 120 * 1000,
  expect: { timeout: 20 * 1000 },
  retries: 0,
  workers: 1,
  webServer: {
    command: 'python serve.py',
    url: `http://localhost:${port}/lab`,
    timeout: 120 * 1000,
    reuseExistingServer: false
  },
  use: {
    ...baseConfig.use,
    baseURL: `http://localhost:${port}`,
    video: 'off',
    actionTimeout: 30 * 1000,
    launchOptions: {
      ...(chromium ? { executablePath: chromium } : {}),
      args: [
        ...(isRoot || os.platform() === 'linux' ? ['--no-sandbox'] : []),
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run'
      ]
    }
  }
};
