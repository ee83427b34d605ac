/** A browser for what only a browser knows of a page: sizes, places and colours as a reader sees them. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const path = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Whether there is one; where tests may not be skipped it must be there. */
export function hasBrowser(): boolean {
  const found = existsSync(path);
  if (!found && (process.env.BALLAST_REQUIRE_DATA === '1' || process.env.CI))
    throw new Error(`no browser at ${path}: install chromium, or name one in CHROMIUM`);
  return found;
}

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: path,
    args: [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  });
